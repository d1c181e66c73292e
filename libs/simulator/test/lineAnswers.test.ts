import { expect, test } from "vitest";
import { z } from "zod";
import { chatLine, openRig } from "./rig.ts";

const schema = {
  type: "object",
  properties: {
    title: { type: "string" },
    kind: { type: "string", enum: ["bread", "grain"] },
    weights: { type: "array", items: { type: "number" } },
    parent: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
  },
  required: ["title", "kind", "weights", "parent"],
  additionalProperties: false,
  $defs: {
    node: {
      type: "object",
      properties: { name: { type: "string" }, ripe: { type: "boolean" } },
      required: ["name", "ripe"],
      additionalProperties: false,
    },
  },
};
const structured = {
  response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
};

test("structured answers satisfy their schema", async () => {
  await using rig = await openRig();
  const batch = await rig.run(
    Array.from({ length: 40 }, (_, index) => chatLine(`line-${index}`, `item ${index}`, structured)),
  );
  const lines = await rig.results(batch.output_file_id);
  expect(lines).toHaveLength(40);
  const known = z.fromJSONSchema(schema as never);
  for (const { response } of lines) known.parse(JSON.parse(response?.body["choices"][0].message.content));
});

test.each([
  ["error_400", { status_code: 400 }],
  ["error_429", { status_code: 429, body: { error: { code: "rate_limit_exceeded" } } }],
  ["error_500", { status_code: 500, body: { error: { type: "server_error" } } }],
] as const)("a rule gives lines %s in the error file", async (answer, response) => {
  await using rig = await openRig({ lines: [{ contains: "unlucky", answer }] });
  const batch = await rig.run([chatLine("a", "lucky one"), chatLine("b", "an unlucky one")]);
  expect(batch.request_counts).toEqual({ total: 2, completed: 1, failed: 1 });
  expect(await rig.results(batch.error_file_id)).toMatchObject([{ custom_id: "b", response, error: null }]);
});

test.each([
  ["refusal", { finish_reason: "stop", message: { content: null, refusal: expect.any(String) } }],
  ["content_filter", { finish_reason: "content_filter" }],
  ["length", { finish_reason: "length" }],
  ["text", { finish_reason: "stop", message: { content: "as told" } }],
] as const)("a rule gives lines the answer %s", async (answer, choice) => {
  await using rig = await openRig({ lines: [{ contains: "special", answer, text: "as told" }] });
  const batch = await rig.run([chatLine("a", "special", structured)]);
  const [line] = await rig.results(batch.output_file_id);
  expect(line?.response?.body["choices"][0]).toMatchObject(choice);
});

test("a rule gives JSON that cannot be parsed, or that does not fit the schema", async () => {
  await using rig = await openRig({
    lines: [
      { contains: "broken", answer: "invalid_json" },
      { contains: "unfit", answer: "invalid_schema" },
    ],
  });
  const batch = await rig.run([chatLine("a", "broken", structured), chatLine("b", "unfit", structured)]);
  const [broken, unfit] = (await rig.results(batch.output_file_id)).map(
    ({ response }) => response?.body["choices"][0].message.content as string,
  );
  expect(() => JSON.parse(broken ?? "{}")).toThrow(SyntaxError);
  expect(z.fromJSONSchema(schema as never).safeParse(JSON.parse(unfit ?? "")).success).toBe(false);
});

test("missing and duplicate lines are paid like any other", async () => {
  await using rig = await openRig({
    lines: [
      { contains: "lost", answer: "missing" },
      { contains: "twice", answer: "duplicate" },
    ],
  });
  const batch = await rig.run([chatLine("a", "lost"), chatLine("b", "twice"), chatLine("c")]);
  expect(batch.request_counts).toEqual({ total: 3, completed: 3, failed: 0 });
  expect((await rig.results(batch.output_file_id)).map(({ custom_id }) => custom_id)).toEqual([
    "b",
    "b",
    "c",
  ]);
});

test("a rule with times counts attempts of the same content over all jobs", async () => {
  await using rig = await openRig({ lines: [{ contains: "shaky", answer: "error_500", times: 2 }] });
  const failures: number[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const batch = await rig.run([chatLine(`try-${attempt}`, "shaky"), chatLine(`sure-${attempt}`, "sure")]);
    failures.push(batch.request_counts?.failed ?? -1);
  }
  expect(failures).toEqual([1, 1, 0]);
});

test("rates hit about their share of the lines", async () => {
  await using rig = await openRig({ rates: { error_500: 0.2, refusal: 0.1 } });
  const batch = await rig.run(Array.from({ length: 1_000 }, (_, index) => chatLine(`line-${index}`)));
  const refusals = (await rig.results(batch.output_file_id)).filter(
    ({ response }) => response?.body["choices"][0].message.refusal !== null,
  );
  expect(batch.request_counts?.failed).toBeGreaterThan(150);
  expect(batch.request_counts?.failed).toBeLessThan(250);
  expect(refusals.length).toBeGreaterThan(60);
  expect(refusals.length).toBeLessThan(140);
});

test("answers respect the caller's limit of tokens, stop words and copies", async () => {
  await using rig = await openRig({ answers: { minTokens: 50, maxTokens: 60 } });
  const batch = await rig.run([
    chatLine("short", "x", { max_tokens: 10 }),
    chatLine("stopped", "x", { stop: [" "] }),
    chatLine("copies", "x", { n: 3 }),
  ]);
  const [short, stopped, copies] = (await rig.results(batch.output_file_id)).map(
    ({ response }) => response?.body,
  );
  expect(short).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { completion_tokens: 10 } });
  expect(stopped?.["choices"][0].message.content).not.toContain(" ");
  expect(copies?.["choices"]).toHaveLength(3);
});

test("a prompt that begins like the one before is cached in part", async () => {
  await using rig = await openRig();
  const messages = [
    { role: "system", content: "word ".repeat(2_000) },
    { role: "user", content: "question" },
  ];
  const batch = await rig.run([chatLine("a", "", { messages }), chatLine("b", "", { messages })]);
  const cached = (await rig.results(batch.output_file_id)).map(
    ({ response }) => response?.body["usage"].prompt_tokens_details.cached_tokens,
  );
  expect(cached[0]).toBe(0);
  expect(cached[1]).toBeGreaterThan(2_000);
  expect(batch.usage?.input_tokens_details.cached_tokens).toBe(cached[1]);
});

test("a model that charges for it tells what it wrote to the cache, in the answer and in the ledger", async () => {
  await using rig = await openRig();
  const messages = [
    { role: "system", content: "word ".repeat(2_000) },
    { role: "user", content: "question" },
  ];
  const model = "gpt-5.6-terra";
  const lines = ["a", "b"].map((id) => chatLine(id, "", { messages, model }));
  const batch = await rig.run(lines);
  const details = (await rig.results(batch.output_file_id)).map(
    ({ response }) => response?.body["usage"].prompt_tokens_details,
  );
  expect(details).toMatchObject([{ cached_tokens: 0 }, { cache_write_tokens: 0 }]);
  expect(details[0].cache_write_tokens).toBeGreaterThan(2_000);
  expect(details[1].cached_tokens).toBe(details[0].cache_write_tokens);
  const charge = (await rig.creates())[0]?.charge;
  expect(charge).toMatchObject({ cacheWriteTokens: details[0].cache_write_tokens });
  expect(charge).not.toHaveProperty("longCacheWriteTokens");
});

test("a forced function is called with arguments that fit", async () => {
  await using rig = await openRig();
  const tools = [{ type: "function", function: { name: "weigh", parameters: { ...schema.$defs.node } } }];
  const batch = await rig.run([chatLine("a", "x", { tools, tool_choice: "required" })]);
  const [line] = await rig.results(batch.output_file_id);
  const choice = line?.response?.body["choices"][0];
  expect(choice).toMatchObject({
    finish_reason: "tool_calls",
    message: { content: null, tool_calls: [{ type: "function", function: { name: "weigh" } }] },
  });
  expect(JSON.parse(choice.message.tool_calls[0].function.arguments)).toMatchObject({
    name: expect.any(String),
  });
});
