import { describe, expect, test } from "vitest";
import type { Item, JobSnapshot, JobStatus, LineContext } from "@granary/domain";
import { OPENAI_LIMITS, openaiDialect } from "../src/index.ts";

const dialect = openaiDialect();
const schema = {
  type: "object",
  properties: { answer: { type: "integer" } },
  required: ["answer"],
  additionalProperties: false,
};
const chat: LineContext = {
  model: "gpt-4o-mini",
  endpoint: "/v1/chat/completions",
  output: { type: "text" },
};
const responses: LineContext = { ...chat, endpoint: "/v1/responses" };
const structured = { type: "json_schema", name: "answer", schema } as const;
const bodyOf = (item: Item, context: LineContext) =>
  (JSON.parse(dialect.encode(item, context, "t-1")) as { body: unknown }).body;
const full: Item = {
  key: "a",
  prompt: "How much?",
  system: "Be brief.",
  params: { temperature: 0, topP: 0.5, maxTokens: 9, stop: ["END"], seed: 7 },
};

test("single limits can be replaced", () => {
  expect(openaiDialect({ limits: { tokens: 5 } }).limits).toEqual({ ...OPENAI_LIMITS, tokens: 5 });
});

test("a chat line has all that was asked for", () => {
  expect(JSON.parse(dialect.encode(full, { ...chat, output: structured }, "t-1"))).toEqual({
    custom_id: "t-1",
    method: "POST",
    url: "/v1/chat/completions",
    body: {
      model: "gpt-4o-mini",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "How much?" },
      ],
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 9,
      stop: ["END"],
      seed: 7,
      response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
    },
  });
});

test("a responses line has all that was asked for", () => {
  const { stop: _stop, seed: _seed, ...params } = full.params ?? {};
  const line = dialect.encode({ ...full, params }, { ...responses, output: structured }, "t-1");
  expect(JSON.parse(line)).toEqual({
    custom_id: "t-1",
    method: "POST",
    url: "/v1/responses",
    body: {
      model: "gpt-4o-mini",
      instructions: "Be brief.",
      input: "How much?",
      temperature: 0,
      top_p: 0.5,
      max_output_tokens: 9,
      text: { format: { type: "json_schema", name: "answer", schema, strict: true } },
    },
  });
});

test("several turns stay in their order, after the system prompt", () => {
  const messages = [
    { role: "user" as const, content: "1" },
    { role: "assistant" as const, content: "2" },
    { role: "user" as const, content: "3" },
  ];
  const item = { key: "a", system: "s", messages };
  expect(bodyOf(item, chat)).toMatchObject({ messages: [{ role: "system", content: "s" }, ...messages] });
  expect(bodyOf(item, responses)).toMatchObject({ instructions: "s", input: messages });
});

test("a line is one line, whatever the prompt holds", () => {
  const line = dialect.encode({ key: "a", prompt: "a\nb\r\n\u2028\0\ud800" }, chat, "t-1");
  expect(line).not.toMatch(/[\n\r]/);
  expect((JSON.parse(line) as { custom_id: string }).custom_id).toBe("t-1");
});

describe("a raw body", () => {
  const body = { messages: [{ role: "user", content: "x" }], logprobs: true };

  test("is passed as it is, with the model filled in", () => {
    expect(bodyOf({ key: "a", body }, chat)).toEqual({ model: "gpt-4o-mini", ...body });
  });

  test("gets the request's schema", () => {
    expect(bodyOf({ key: "a", body }, { ...chat, output: structured })).toMatchObject({
      logprobs: true,
      response_format: { json_schema: { strict: true, schema } },
    });
    const raw = { input: "x", text: { verbosity: "low" } };
    expect(bodyOf({ key: "a", body: raw }, { ...responses, output: structured })).toMatchObject({
      text: { verbosity: "low", format: { type: "json_schema", schema } },
    });
  });
});

test("what only comments in a schema is not sent, a property of that name is", () => {
  const commented = {
    ...schema,
    $schema: "https://json-schema.org/draft/2020-12/schema",
    properties: {
      answer: { type: "integer", default: 1, examples: [1], "x-unit": "m", enum: [1, { default: 2 }] },
      default: { type: "string" },
    },
    required: ["answer", "default"],
  };
  const output = { ...structured, schema: commented };
  expect(bodyOf(full, { ...chat, output })).toMatchObject({
    response_format: {
      json_schema: {
        schema: {
          ...schema,
          properties: {
            answer: { type: "integer", enum: [1, { default: 2 }] },
            default: { type: "string" },
          },
          required: ["answer", "default"],
        },
      },
    },
  });
  expect(dialect.schemaFaults(commented)).toEqual([]);
});

const body = { messages: [{ role: "user", content: "x" }] };
const jsonChat: LineContext = { ...chat, output: structured };
test.each<[string, Item, LineContext, string[]]>([
  ["a full item", full, chat, []],
  ["a raw body", { key: "a", body }, chat, []],
  ["a body with the same model", { key: "a", body: { ...body, model: "gpt-4o-mini" } }, chat, []],
  ["a body with another model", { key: "a", body: { ...body, model: "gpt-5" } }, chat, ["body.model"]],
  ["a body that streams", { key: "a", body: { ...body, stream: true } }, chat, ["body.stream"]],
  ["a body with two answers", { key: "a", body: { ...body, n: 2 } }, chat, ["body.n"]],
  ["a body with one answer", { key: "a", body: { ...body, n: 1, stream: false } }, chat, []],
  ["a body without messages", { key: "a", body: { messages: [] } }, chat, ["body.messages"]],
  ["a body without input", { key: "a", body: {} }, responses, ["body.input"]],
  ["a background body", { key: "a", body: { input: "x", background: true } }, responses, ["body.background"]],
  [
    "a body with a format of its own beside a schema",
    { key: "a", body: { ...body, response_format: { type: "json_object" } } },
    jsonChat,
    ["body.response_format"],
  ],
  [
    "a body with a format of its own",
    { key: "a", body: { ...body, response_format: { type: "json_object" } } },
    chat,
    [],
  ],
  [
    "a text format beside a schema",
    { key: "a", body: { input: "x", text: { format: { type: "text" } } } },
    { ...responses, output: structured },
    ["body.text.format"],
  ],
  ["stop and seed for responses", full, responses, ["params.stop", "params.seed"]],
  [
    "everything at once",
    { key: "a", body: { model: "m", stream: true, n: 3 } },
    chat,
    ["body.model", "body.stream", "body.n", "body.messages"],
  ],
  ["an endpoint nobody knows", full, { ...chat, endpoint: "/v1/embeddings" }, [""]],
])("%s has the right faults", (_what, item, context, paths) => {
  expect(dialect.itemFaults(item, context).map(({ path }) => path)).toEqual(paths);
});

describe("the estimate", () => {
  test("counts every text, the schema, and what may come out", () => {
    const short = dialect.estimate({ key: "a", prompt: "x".repeat(300) }, chat);
    expect(short.input).toBeGreaterThanOrEqual(100);
    expect(short.input).toBeLessThan(130);
    expect(short.output).toBe(4_096);
    expect(dialect.estimate(full, chat).output).toBe(9);
    const withSchema = dialect.estimate({ key: "a", prompt: "x".repeat(300) }, jsonChat);
    expect(withSchema.input - short.input).toBe(Math.ceil(JSON.stringify(schema).length / 3));
    const messages = [{ role: "user" as const, content: "x".repeat(300) }];
    expect(dialect.estimate({ key: "a", system: "x".repeat(300), messages }, chat).input).toBeGreaterThan(
      200,
    );
  });

  test("counts bytes, not characters", () => {
    expect(dialect.estimate({ key: "a", prompt: "日".repeat(300) }, chat).input).toBeGreaterThanOrEqual(300);
  });

  test("reads a raw body, where an image is not its bytes", () => {
    const image = `data:image/png;base64,${"A".repeat(900_000)}`;
    const content = [{ type: "image_url", image_url: { url: image } }];
    const raw = { messages: [{ role: "user", content }], max_completion_tokens: 17 };
    const { input, output } = dialect.estimate({ key: "a", body: raw }, chat);
    expect(input).toBeGreaterThan(2_000);
    expect(input).toBeLessThan(5_000);
    expect(output).toBe(17);
  });
});

function job(status: JobStatus, counts: [number, number, number] | null, files: JobSnapshot["files"]) {
  const [total = 0, completed = 0, failed = 0] = counts ?? [];
  const snapshot: JobSnapshot = {
    jobId: "b",
    tag: null,
    rawStatus: status,
    status,
    inputFileId: null,
    createdAt: null,
    expiresAt: null,
    errors: [],
    usage: null,
    files,
    counts: counts && { total, completed, failed },
  };
  return snapshot;
}

const results = { results: "file-1" };
const errors = { errors: "file-2" };
test.each<[string, JobSnapshot, boolean]>([
  ["a running job", job("running", [2, 2, 0], results), false],
  ["an unknown status", job("other", [2, 2, 0], results), false],
  ["a completed job with its file", job("completed", [2, 2, 0], results), true],
  ["a completed job with both files", job("completed", [2, 1, 1], { ...results, ...errors }), true],
  ["a completed job where all lines failed", job("completed", [2, 0, 2], errors), true],
  ["a completed job without its file", job("completed", [2, 2, 0], {}), false],
  ["a completed job without its error file", job("completed", [2, 1, 1], results), false],
  ["a completed job whose counts are short", job("completed", [2, 1, 0], results), false],
  ["a completed job without counts yet", job("completed", [0, 0, 0], {}), false],
  ["a completed job that never shows counts", job("completed", null, results), true],
  ["a completed job with nothing at all", job("completed", null, {}), false],
  ["an expired job with half its lines", job("expired", [2, 1, 0], results), true],
  ["an expired job whose file is late", job("expired", [2, 1, 0], {}), false],
  ["an expired job with nothing done", job("expired", [2, 0, 0], {}), true],
  ["a cancelled job with errors to come", job("cancelled", [3, 1, 1], results), false],
  ["a cancelled job without counts", job("cancelled", null, {}), true],
  ["a failed job", job("failed", [2, 0, 2], {}), true],
  ["a failed job with paid lines to come", job("failed", [2, 1, 0], {}), false],
])("%s is settled or not", (_what, snapshot, settled) => {
  expect(dialect.settled(snapshot)).toBe(settled);
});

test.each([
  [["token_limit_exceeded", "Enqueued token limit reached"], "limit"],
  [["billing_hard_limit_reached", "Billing hard limit"], "account"],
  [["insufficient_quota", ""], "account"],
  [["invalid_json_line", "This line is not parseable as valid JSON."], "request"],
  [["duplicate_custom_id", ""], "request"],
  [["model_mismatch", ""], "request"],
  [["error", "No such File object: file-abc"], "limit"],
  [["error", "The input file was deleted"], "limit"],
  [["a code of next year", ""], "request"],
] as const)("a job that failed with %s was rejected for its %s", ([code, message], why) => {
  const failed = { ...job("failed", null, {}), errors: [{ code, message, line: null }] };
  expect(dialect.rejection(failed)).toBe(why);
});

test("a job that failed without a reason was rejected for its content, which comes to an end", () => {
  expect(dialect.rejection(job("failed", null, {}))).toBe("request");
});
