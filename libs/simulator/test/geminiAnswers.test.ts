import { expect, test } from "vitest";
import { z } from "zod";
import { fileLine, openGeminiRig } from "./geminiRig.ts";

const schema = {
  type: "object",
  properties: {
    title: { type: "string" },
    sizes: { type: "array", items: { type: "integer" }, maxItems: 3 },
  },
  required: ["title", "sizes"],
};
const config = (generationConfig: object) => ({ generationConfig });
const thinking = (thinkingConfig: object) => config({ thinkingConfig });
const structured = {
  generationConfig: { responseMimeType: "application/json", responseJsonSchema: schema },
};

test("structured answers satisfy their schema, in either notation", async () => {
  await using rig = await openGeminiRig();
  const openapi = {
    type: "OBJECT",
    properties: {
      title: { type: "STRING" },
      sizes: { type: "ARRAY", items: { type: "INTEGER" }, maxItems: "3" },
    },
    required: ["title", "sizes"],
  };
  const lines = Array.from({ length: 20 }, (_, index) =>
    fileLine(
      `k${index}`,
      `item ${index}`,
      index % 2 === 0
        ? structured
        : { generationConfig: { responseMimeType: "application/json", responseSchema: openapi } },
    ),
  );
  const answers = await rig.answers(await rig.run(lines));
  expect(answers).toHaveLength(20);
  const known = z.fromJSONSchema(schema as never);
  for (const { response } of answers)
    known.parse(JSON.parse(response?.["candidates"][0].content.parts.at(-1).text));
});

test.each([
  ["error_400", { error: { code: 3 } }],
  ["error_429", { error: { code: 8 } }],
  ["error_500", { error: { code: 13 } }],
  ["refusal", { response: { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } } }],
  ["content_filter", { response: { candidates: [{ finishReason: "SAFETY" }] } }],
  ["length", { response: { candidates: [{ finishReason: "MAX_TOKENS" }] } }],
  ["text", { response: { candidates: [{ content: { parts: [{ text: "as told" }] } }] } }],
] as const)("a rule gives lines the answer %s", async (answer, told) => {
  await using rig = await openGeminiRig({ lines: [{ contains: "special", answer, text: "as told" }] });
  const batch = await rig.run([fileLine("a", "special"), fileLine("b")]);
  const [special, other] = await rig.answers(batch);
  expect(special).toMatchObject({ key: "a", ...told });
  expect(other).toMatchObject({ response: { candidates: [{ finishReason: "STOP" }] } });
  const [{ charge } = {}] = await rig.creates();
  const usages = [special, other].map((line) => line?.response?.["usageMetadata"] ?? {});
  const sum = (name: string) => usages.reduce((total, usage) => total + (usage[name] ?? 0), 0);
  expect(charge).toMatchObject({
    inputTokens: sum("promptTokenCount"),
    outputTokens: sum("candidatesTokenCount") + sum("thoughtsTokenCount"),
    reasoningTokens: sum("thoughtsTokenCount"),
  });
});

test("a blocked prompt has no candidates, and a filtered answer no content", async () => {
  await using rig = await openGeminiRig({
    lines: [
      { contains: "blocked", answer: "refusal" },
      { contains: "filtered", answer: "content_filter" },
    ],
  });
  const [blocked, filtered] = await rig.answers(
    await rig.run([fileLine("a", "blocked"), fileLine("b", "filtered")]),
  );
  expect(blocked?.response).not.toHaveProperty("candidates");
  expect(filtered?.response?.["candidates"][0]).not.toHaveProperty("content");
});

test("a forced function is called with arguments that fit", async () => {
  await using rig = await openGeminiRig();
  const tools = [{ functionDeclarations: [{ name: "weigh", parametersJsonSchema: schema }] }];
  const toolConfig = { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["weigh"] } };
  const [answer] = await rig.answers(await rig.run([fileLine("a", "x", { tools, toolConfig })]));
  const [part] = answer?.response?.["candidates"][0].content.parts ?? [];
  expect(part.functionCall.name).toBe("weigh");
  z.fromJSONSchema(schema as never).parse(part.functionCall.args);
});

test("thoughts are counted, shown when asked for, and can be turned off", async () => {
  await using rig = await openGeminiRig();
  const [shown, off] = await rig.answers(
    await rig.run([
      fileLine("a", "x", thinking({ includeThoughts: true })),
      fileLine("b", "x", thinking({ thinkingBudget: 0 })),
    ]),
  );
  expect(shown?.response).toMatchObject({
    candidates: [{ content: { parts: [{ thought: true }, {}] } }],
    usageMetadata: { thoughtsTokenCount: expect.any(Number) },
  });
  expect(off?.response?.["usageMetadata"]).not.toHaveProperty("thoughtsTokenCount");
});

test("a system instruction that comes again is cached in part", async () => {
  await using rig = await openGeminiRig();
  const request = { systemInstruction: { parts: [{ text: "word ".repeat(2_000) }] } };
  const answers = await rig.answers(
    await rig.run([fileLine("a", "one", request), fileLine("b", "two", request)]),
  );
  const cached = answers.map(({ response }) => response?.["usageMetadata"].cachedContentTokenCount);
  expect(cached[0]).toBeUndefined();
  expect(cached[1]).toBeGreaterThan(2_000);
});

test("answers respect the caller's limit of tokens, stop sequences and candidates", async () => {
  await using rig = await openGeminiRig({ answers: { minTokens: 50, maxTokens: 60 } });
  const [short, stopped, copies] = await rig.answers(
    await rig.run([
      fileLine("a", "x", config({ maxOutputTokens: 10 })),
      fileLine("b", "x", config({ stopSequences: [" "] })),
      fileLine("c", "x", config({ candidateCount: 3 })),
    ]),
  );
  expect(short?.response).toMatchObject({
    candidates: [{ finishReason: "MAX_TOKENS" }],
    usageMetadata: { candidatesTokenCount: 10 },
  });
  expect(stopped?.response?.["candidates"][0].content.parts[0].text).not.toContain(" ");
  expect(copies?.response?.["candidates"]).toHaveLength(3);
});

test("a rule with times counts attempts of the same content over all batches", async () => {
  await using rig = await openGeminiRig({ lines: [{ contains: "shaky", answer: "error_500", times: 2 }] });
  const failures: unknown[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const { metadata } = await rig.run([fileLine(`try-${attempt}`, "shaky"), fileLine("sure")]);
    failures.push(metadata.batchStats["failedRequestCount"]);
  }
  expect(failures).toEqual(["1", "1", undefined]);
});

test("a line without a key has an answer without one", async () => {
  await using rig = await openGeminiRig();
  const line = JSON.stringify({ request: { contents: [{ parts: [{ text: "x" }] }] } });
  expect(Object.keys((await rig.answers(await rig.run([line])))[0] ?? {})).toEqual(["response"]);
});
