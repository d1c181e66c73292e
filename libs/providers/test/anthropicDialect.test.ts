import { describe, expect, test } from "vitest";
import type { Item, JobSnapshot, JobStatus, LineContext } from "@granary/domain";
import { ANTHROPIC_LIMITS, anthropicDialect } from "../src/index.ts";

const dialect = anthropicDialect();
const schema = {
  type: "object",
  properties: { answer: { type: "integer" } },
  required: ["answer"],
  additionalProperties: false,
};
const context: LineContext = {
  model: "claude-haiku-4-5",
  endpoint: "/v1/messages",
  output: { type: "text" },
};
const structured: LineContext = { ...context, output: { type: "json_schema", name: "answer", schema } };
const paramsOf = (item: Item, of: LineContext = context) =>
  (JSON.parse(dialect.encode(item, of, "t-1")) as { params: Record<string, unknown> }).params;
const full: Item = {
  key: "a",
  prompt: "How much?",
  system: "Be brief.",
  params: { temperature: 0, topP: 0.5, maxTokens: 9, stop: ["END"] },
};

test("single limits can be replaced, and every job travels in a create's body within 256 MB", () => {
  expect(anthropicDialect({ limits: { tokens: 5 } }).limits).toEqual({ ...ANTHROPIC_LIMITS, tokens: 5 });
  expect(dialect.travels({ lines: 100_000, bytes: ANTHROPIC_LIMITS.bytes })).toBe("body");
  expect(ANTHROPIC_LIMITS.bytes + '{"requests":[]}'.length).toBeLessThanOrEqual(256_000_000);
});

test("a line has all that was asked for", () => {
  expect(JSON.parse(dialect.encode(full, structured, "t-1"))).toEqual({
    custom_id: "t-1",
    params: {
      model: "claude-haiku-4-5",
      max_tokens: 9,
      system: "Be brief.",
      messages: [{ role: "user", content: "How much?" }],
      temperature: 0,
      top_p: 0.5,
      stop_sequences: ["END"],
      output_config: { format: { type: "json_schema", schema } },
    },
  });
});

test("a line that does not say how long its answer may be says it all the same", () => {
  const item: Item = { key: "a", prompt: "x", params: { stop: "END" } };
  expect(paramsOf(item)).toEqual({
    model: "claude-haiku-4-5",
    max_tokens: 4_096,
    messages: [{ role: "user", content: "x" }],
    stop_sequences: ["END"],
  });
  expect(dialect.estimate(item, context).output).toBe(4_096);
});

test("several turns stay in their order, and the system's apart", () => {
  const messages = [
    { role: "system" as const, content: "0" },
    { role: "user" as const, content: "1" },
    { role: "assistant" as const, content: "2" },
    { role: "user" as const, content: "3" },
  ];
  expect(paramsOf({ key: "a", system: "s", messages })).toMatchObject({
    system: [
      { type: "text", text: "s" },
      { type: "text", text: "0" },
    ],
    messages: messages.slice(1),
  });
});

test("a line is one line, whatever the prompt holds", () => {
  const line = dialect.encode({ key: "a", prompt: "a\nb\r\n\u2028\0\ud800" }, context, "t-1");
  expect(line).not.toMatch(/[\n\r]/);
  expect((JSON.parse(line) as { custom_id: string }).custom_id).toBe("t-1");
});

const messages = [{ role: "user", content: "x" }];
describe("a raw body", () => {
  const body = {
    max_tokens: 20_000,
    thinking: { type: "enabled", budget_tokens: 10_000 },
    system: [{ type: "text", text: "long", cache_control: { type: "ephemeral", ttl: "1h" } }],
    tools: [{ name: "weather", input_schema: { type: "object" } }],
    messages,
    output_config: { effort: "low" },
  };

  test("is passed as it is, with the model filled in", () => {
    expect(dialect.itemFaults({ key: "a", body }, context)).toEqual([]);
    expect(paramsOf({ key: "a", body })).toEqual({ model: "claude-haiku-4-5", ...body });
  });

  test("gets the request's schema beside its own settings", () => {
    expect(paramsOf({ key: "a", body }, structured)).toEqual({
      model: "claude-haiku-4-5",
      ...body,
      output_config: { effort: "low", format: { type: "json_schema", schema } },
    });
  });
});

const turn = (role: "system" | "user") => ({ role, content: "x" });
const sound = { messages, max_tokens: 5 };
test.each<[string, Item, LineContext, string[]]>([
  ["a full item", full, context, []],
  ["a body with the same model", { key: "a", body: { ...sound, model: "claude-haiku-4-5" } }, context, []],
  ["a body with another model", { key: "a", body: { ...sound, model: "gpt-5" } }, context, ["body.model"]],
  [
    "params that it does not know",
    { key: "a", prompt: "x", params: { seed: 7, temperature: 1.5, stop: " " } },
    context,
    ["params.seed", "params.temperature", "params.stop"],
  ],
  ["system messages alone", { key: "a", messages: [turn("system")] }, context, ["messages"]],
  [
    "a system message between turns",
    { key: "a", messages: [turn("user"), turn("system")] },
    context,
    ["messages[1]"],
  ],
  ["a body that streams", { key: "a", body: { ...sound, stream: true } }, context, ["body.stream"]],
  ["a body without a length", { key: "a", body: { messages } }, context, ["body.max_tokens"]],
  [
    "a body without messages",
    { key: "a", body: { messages: [], max_tokens: 5 } },
    context,
    ["body.messages"],
  ],
  [
    "a body for OpenAI's chat, with an image",
    {
      key: "a",
      body: {
        messages: [
          { role: "system", content: "s" },
          {
            role: "user",
            content: [
              { type: "text", text: "x" },
              { type: "image_url", image_url: { url: "data:" } },
            ],
          },
        ],
        max_completion_tokens: 5,
        response_format: { type: "json_object" },
        n: 2,
        tools: [{ type: "function", function: { name: "f" } }],
      },
    },
    context,
    [
      "body.max_completion_tokens",
      "body.response_format",
      "body.n",
      "body.max_tokens",
      "body.messages[0].role",
      "body.messages[1].content[1]",
      "body.tools[0]",
    ],
  ],
  [
    "a body for OpenAI's responses",
    { key: "a", body: { input: "x" } },
    context,
    ["body.input", "body.max_tokens", "body.messages"],
  ],
  [
    "a body for Gemini",
    { key: "a", body: { contents: [], generationConfig: {}, systemInstruction: {} } },
    context,
    ["body.contents", "body.systemInstruction", "body.generationConfig", "body.max_tokens", "body.messages"],
  ],
  [
    "turns for Gemini",
    { key: "a", body: { max_tokens: 5, messages: [{ role: "model", parts: [] }, "x"] } },
    context,
    ["body.messages[0].role", "body.messages[0].parts", "body.messages[1]"],
  ],
  [
    "a format of its own beside a schema",
    { key: "a", body: { ...sound, output_config: { format: { type: "json_schema", schema: {} } } } },
    structured,
    ["body.output_config.format"],
  ],
  ["an endpoint of another provider", full, { ...context, endpoint: "generateContent" }, [""]],
])("%s has the right faults", (_what, item, of, paths) => {
  const faults = dialect.itemFaults(item, of);
  expect(faults.map(({ path }) => path)).toEqual(paths);
  for (const { message } of faults) expect(message).toMatch(/:|must|belongs/);
});

describe("the estimate", () => {
  test("counts what goes in and what may come out", () => {
    expect(dialect.estimate(full, context).output).toBe(9);
    expect(dialect.estimate({ key: "a", prompt: "x".repeat(300) }, context).input).toBe(112);
    expect(dialect.estimate({ key: "a", body: { ...sound, max_tokens: 17 } }, context).output).toBe(17);
  });

  test("does not count an image by its bytes", () => {
    const source = { type: "base64", media_type: "image/png", data: "A".repeat(900_000) };
    const body = { ...sound, messages: [{ role: "user", content: [{ type: "image", source }] }] };
    const { input } = dialect.estimate({ key: "a", body }, context);
    expect(input).toBeGreaterThan(2_000);
    expect(input).toBeLessThan(5_000);
  });
});

function job(status: JobStatus, counts: [number, number, number] | null, hasResults: boolean): JobSnapshot {
  const [total = 0, completed = 0, failed = 0] = counts ?? [];
  return {
    jobId: "b",
    tag: null,
    rawStatus: status,
    status,
    inputFileId: null,
    createdAt: null,
    expiresAt: null,
    errors: [],
    usage: null,
    files: hasResults ? { results: "results:b" } : {},
    counts: counts && { total, completed, failed },
  };
}

test.each<[string, JobSnapshot, boolean]>([
  ["a running batch", job("running", [2, 0, 0], false), false],
  ["an unknown status", job("other", [2, 2, 0], true), false],
  ["a batch that ended", job("completed", [2, 1, 1], true), true],
  ["a batch that ended without its results", job("completed", [2, 2, 0], false), false],
  ["a batch of which all expired", job("expired", [2, 0, 0], true), true],
  ["a cancelled batch", job("cancelled", [2, 0, 0], true), true],
  ["a batch without counts", job("completed", null, true), false],
])("%s is settled or not", (_what, snapshot, settled) => {
  expect(dialect.settled(snapshot)).toBe(settled);
});

test.each([
  ["billing_error", "account"],
  ["rate_limit_error", "limit"],
  ["invalid_request_error", "request"],
])("a batch that failed with %s was rejected for its %s", (code, why) => {
  expect(
    dialect.rejection({ ...job("failed", null, false), errors: [{ code, message: "", line: null }] }),
  ).toBe(why);
});
