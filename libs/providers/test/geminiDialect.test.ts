import { describe, expect, test } from "vitest";
import type { Item, JobSnapshot, JobStatus, LineContext } from "@granary/domain";
import { GEMINI_LIMITS, geminiDialect } from "../src/index.ts";

const dialect = geminiDialect();
const schema = { type: "object", properties: { answer: { type: "integer" } }, required: ["answer"] };
const context: LineContext = {
  model: "gemini-2.5-flash",
  endpoint: "generateContent",
  output: { type: "text" },
};
const structured: LineContext = { ...context, output: { type: "json_schema", name: "answer", schema } };
const requestOf = (item: Item, of: LineContext = context) =>
  (JSON.parse(dialect.encode(item, of, "t-1")) as { request: Record<string, unknown> }).request;
const full: Item = {
  key: "a",
  prompt: "How much?",
  system: "Be brief.",
  params: { temperature: 0, topP: 0.5, maxTokens: 9, stop: ["END"], seed: 7 },
};

test("single limits can be replaced", () => {
  expect(geminiDialect({ limits: { tokens: 5 } }).limits).toEqual({ ...GEMINI_LIMITS, tokens: 5 });
});

test.each([
  [1, 100, "body"],
  [100, 18_000_000, "body"],
  [101, 100, "file"],
  [1, 18_000_001, "file"],
])("%s lines of %s bytes travel in the %s", (lines, bytes, way) => {
  expect(dialect.travels({ lines, bytes })).toBe(way);
});

test("a line has all that was asked for", () => {
  expect(JSON.parse(dialect.encode(full, structured, "t-1"))).toEqual({
    key: "t-1",
    request: {
      systemInstruction: { parts: [{ text: "Be brief." }] },
      contents: [{ role: "user", parts: [{ text: "How much?" }] }],
      generationConfig: {
        temperature: 0,
        topP: 0.5,
        maxOutputTokens: 9,
        stopSequences: ["END"],
        seed: 7,
        responseMimeType: "application/json",
        responseJsonSchema: schema,
      },
    },
  });
});

test("a line without wishes has none", () => {
  expect(requestOf({ key: "a", prompt: "x" })).toEqual({
    contents: [{ role: "user", parts: [{ text: "x" }] }],
  });
  expect(requestOf({ key: "a", prompt: "x", params: { stop: "END" } })).toMatchObject({
    generationConfig: { stopSequences: ["END"] },
  });
});

test("several turns stay in their order, the assistant's as the model's, and the system's apart", () => {
  const messages = [
    { role: "system" as const, content: "0" },
    { role: "user" as const, content: "1" },
    { role: "assistant" as const, content: "2" },
    { role: "user" as const, content: "3" },
  ];
  expect(requestOf({ key: "a", system: "s", messages })).toEqual({
    systemInstruction: { parts: [{ text: "s" }, { text: "0" }] },
    contents: [
      { role: "user", parts: [{ text: "1" }] },
      { role: "model", parts: [{ text: "2" }] },
      { role: "user", parts: [{ text: "3" }] },
    ],
  });
});

test("a line is one line, whatever the prompt holds", () => {
  const line = dialect.encode({ key: "a", prompt: "a\nb\r\n\u2028\0\ud800" }, context, "t-1");
  expect(line).not.toMatch(/[\n\r]/);
  expect((JSON.parse(line) as { key: string }).key).toBe("t-1");
});

describe("a raw body", () => {
  const body = {
    contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }] }],
    safetySettings: [],
    generationConfig: { topK: 3 },
  };

  test("is passed as it is", () => {
    expect(requestOf({ key: "a", body })).toEqual(body);
  });

  test("gets the request's schema beside its own settings", () => {
    expect(requestOf({ key: "a", body }, structured)).toEqual({
      ...body,
      generationConfig: { topK: 3, responseMimeType: "application/json", responseJsonSchema: schema },
    });
  });
});

const contents = [{ role: "user", parts: [{ text: "x" }] }];
const turn = (role: "system" | "user") => ({ role, content: "x" });
test.each<[string, Item, LineContext, string[]]>([
  ["a full item", full, context, []],
  ["a raw body", { key: "a", body: { contents } }, context, []],
  [
    "a body with the same model",
    { key: "a", body: { contents, model: "models/gemini-2.5-flash" } },
    context,
    [],
  ],
  [
    "a body with another model",
    { key: "a", body: { contents, model: "gemini-2.5-pro" } },
    context,
    ["body.model"],
  ],
  ["a seed of 64 bits", { key: "a", prompt: "x", params: { seed: 2 ** 40 } }, context, ["params.seed"]],
  ["system messages alone", { key: "a", messages: [turn("system")] }, context, ["messages"]],
  [
    "a system message between turns",
    { key: "a", messages: [turn("user"), turn("system"), turn("user")] },
    context,
    ["messages[1]"],
  ],
  [
    "a body for OpenAI's chat",
    { key: "a", body: { messages: [], max_completion_tokens: 5, temperature: 0 } },
    context,
    ["body.messages", "body.max_completion_tokens", "body.temperature", "body.contents"],
  ],
  [
    "a body for OpenAI's responses, with an image",
    {
      key: "a",
      body: { input: [{ content: [{ type: "input_image", image_url: "data:image/png;base64,AA" }] }] },
    },
    context,
    ["body.input", "body.contents"],
  ],
  [
    "a body for Anthropic",
    {
      key: "a",
      body: { messages: [], system: "x", max_tokens: 9, tools: [{ name: "f", input_schema: {} }] },
    },
    context,
    ["body.messages", "body.system", "body.max_tokens", "body.contents", "body.tools[0]"],
  ],
  [
    "a tool for OpenAI",
    { key: "a", body: { contents, tools: [{ type: "function", function: { name: "f" } }] } },
    context,
    ["body.tools[0]"],
  ],
  ["tools of its own", { key: "a", body: { contents, tools: [{ functionDeclarations: [] }] } }, context, []],
  [
    "an answer for a request",
    { key: "a", body: { choices: [] } },
    context,
    ["body.choices", "body.contents"],
  ],
  ["a body for the SDK", { key: "a", body: { contents, config: {} } }, context, ["body.config"]],
  [
    "two candidates",
    { key: "a", body: { contents, generationConfig: { candidateCount: 2 } } },
    context,
    ["body.generationConfig.candidateCount"],
  ],
  [
    "settings that are none",
    { key: "a", body: { contents, generationConfig: 7 } },
    context,
    ["body.generationConfig"],
  ],
  [
    "a format of its own beside a schema",
    { key: "a", body: { contents, generation_config: {}, generationConfig: { responseSchema: {} } } },
    structured,
    ["body.generation_config", "body.generationConfig.responseSchema"],
  ],
  ["an endpoint of another provider", full, { ...context, endpoint: "/v1/responses" }, [""]],
])("%s has the right faults", (_what, item, of, paths) => {
  const faults = dialect.itemFaults(item, of);
  expect(faults.map(({ path }) => path)).toEqual(paths);
  for (const { message } of faults) expect(message).toMatch(/:|must|belongs/);
});

describe("the estimate", () => {
  test("counts what goes in and what may come out", () => {
    expect(dialect.estimate(full, context).output).toBe(9);
    expect(dialect.estimate({ key: "a", prompt: "x".repeat(300) }, context)).toEqual({
      input: 112,
      output: 8_192,
    });
    const body = { contents, generationConfig: { maxOutputTokens: 17 } };
    expect(dialect.estimate({ key: "a", body }, context).output).toBe(17);
  });

  test("does not count an image by its bytes", () => {
    const parts = [{ inlineData: { mimeType: "image/png", data: "A".repeat(900_000) } }];
    const { input } = dialect.estimate({ key: "a", body: { contents: [{ parts }] } }, context);
    expect(input).toBeGreaterThan(2_000);
    expect(input).toBeLessThan(5_000);
  });
});

function job(status: JobStatus, counts: [number, number, number] | null, hasResults: boolean): JobSnapshot {
  const [total = 0, completed = 0, failed = 0] = counts ?? [];
  return {
    jobId: "batches/b",
    tag: null,
    rawStatus: status,
    status,
    inputFileId: null,
    createdAt: null,
    expiresAt: null,
    errors: [],
    usage: null,
    files: hasResults ? { results: "files/o" } : {},
    counts: counts && { total, completed, failed },
  };
}

test.each<[string, JobSnapshot, boolean]>([
  ["a running job", job("running", [2, 2, 0], true), false],
  ["an unknown state", job("other", [2, 2, 0], true), false],
  ["a job that succeeded, with its output", job("completed", [2, 2, 0], true), true],
  ["a job whose failed lines stand in its output", job("completed", [2, 1, 1], true), true],
  ["a job that succeeded before its output is named", job("completed", [2, 2, 0], false), false],
  ["a job whose lines all failed, without its output", job("completed", [2, 0, 2], false), false],
  ["a job whose counts are short", job("completed", [2, 1, 0], true), false],
  ["a job that never shows counts", job("completed", null, true), true],
  ["a job with nothing at all", job("completed", null, false), false],
  ["an expired job with nothing done", job("expired", [2, 0, 0], false), true],
  ["an expired job whose output is late", job("expired", [2, 1, 0], false), false],
  ["a cancelled job with a part of its lines", job("cancelled", [2, 1, 0], true), true],
  ["a cancelled job without counts", job("cancelled", null, false), true],
  ["a failed job", job("failed", [2, 0, 2], false), true],
])("%s is settled or not", (_what, snapshot, settled) => {
  expect(dialect.settled(snapshot)).toBe(settled);
});

test.each([
  ["RESOURCE_EXHAUSTED", "", "limit"],
  ["NOT_FOUND", "The file files/in1 was not found", "limit"],
  ["PERMISSION_DENIED", "You do not have permission to access the File in1 or it may not exist.", "limit"],
  ["PERMISSION_DENIED", "", "account"],
  ["FAILED_PRECONDITION", "Please enable billing", "account"],
  ["INVALID_ARGUMENT", "line 3", "request"],
  ["a code of next year", "", "request"],
])("a job that failed with %s %s was rejected for its %s", (code, message, why) => {
  const failed = { ...job("failed", null, false), errors: [{ code, message, line: null }] };
  expect(dialect.rejection(failed)).toBe(why);
});
