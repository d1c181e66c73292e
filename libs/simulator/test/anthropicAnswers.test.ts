import { expect, test } from "vitest";
import { z } from "zod";
import { openAnthropicRig, request } from "./anthropicRig.ts";

const schema = {
  type: "object",
  properties: { title: { type: "string" }, kind: { type: "string", enum: ["bread", "grain"] } },
  required: ["title", "kind"],
  additionalProperties: false,
};
const format = (of: object) => ({ output_config: { format: { type: "json_schema", schema: of } } });
const opus = { model: "claude-opus-5" };

test.each([
  ["a parameter nobody knows", { temprature: 1 }, /^temprature: Extra inputs/],
  ["no model", { model: undefined }, /^model: Field required/],
  ["no max_tokens", { max_tokens: undefined }, /^max_tokens: Field required/],
  ["too many max_tokens", { max_tokens: 1_000_000 }, /^max_tokens: 1000000 > 64000/],
  ["no messages", { messages: undefined }, /^messages: Field required/],
  ["an empty conversation", { messages: [] }, /at least one message/],
  ["a strange role", { messages: [{ role: "king", content: "x" }] }, /^messages\.0\.role/],
  ["an answer first", { messages: [{ role: "assistant", content: "x" }] }, /first message/],
  ["no content", { messages: [{ role: "user", content: "" }] }, /non-empty content/],
  [
    "another provider's image",
    { messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] },
    /Input tag "image_url"/,
  ],
  ["a temperature too high", { temperature: 1.5 }, /^temperature: range/],
  ["a temperature for a model that takes none", { ...opus, temperature: 0.5 }, /deprecated for this model/],
  ["streaming", { stream: true }, /^stream/],
  ["a stop of white space", { stop_sequences: [" "] }, /^stop_sequences/],
  [
    "too small a budget",
    { thinking: { type: "enabled", budget_tokens: 100 } },
    /greater than or equal to 1024/,
  ],
  [
    "a budget over its tokens",
    { thinking: { type: "enabled", budget_tokens: 2_000 } },
    /`max_tokens` must be greater/,
  ],
  [
    "a budget for a model that takes none",
    { ...opus, max_tokens: 9_000, thinking: { type: "enabled", budget_tokens: 2_000 } },
    /not supported for this model/,
  ],
  ["a tool without a schema", { tools: [{ name: "x" }] }, /^tools\.0\.custom\.input_schema/],
  [
    "another provider's tool",
    { tools: [{ type: "function", function: {} }] },
    /^tools\.0: Input tag "function"/,
  ],
  ["a choice without tools", { tool_choice: { type: "any" } }, /^tool_choice/],
  ["an open object", format({ type: "object", properties: {} }), /additionalProperties/],
  ["bounds in its schema", format({ type: "integer", minimum: 3 }), /'minimum' is not supported/],
  ["lengths in its schema", format({ type: "string", maxLength: 3 }), /'maxLength' is not supported/],
  [
    "a schema that contains itself",
    format({ type: "object", properties: { next: { $ref: "#" } }, additionalProperties: false }),
    /recursive/,
  ],
])("a request with %s is let in, and errored only at the end", async (_, params, message) => {
  await using rig = await openAnthropicRig();
  const batch = await rig.run([request("good"), request("bad", "x", params)]);
  expect(batch.request_counts).toMatchObject({ succeeded: 1, errored: 1 });
  const bad = (await rig.results(batch.id)).find(({ custom_id: id }) => id === "bad");
  expect(bad?.result).toMatchObject({
    type: "errored",
    error: {
      type: "error",
      error: { type: "invalid_request_error", message: expect.stringMatching(message) },
      request_id: expect.stringMatching(/^req_/),
    },
  });
});

test("models may differ in a batch, and one nobody knows is errored", async () => {
  await using rig = await openAnthropicRig();
  const batch = await rig.run([
    request("a", "x"),
    request("b", "x", { model: "claude-haiku-4-5" }),
    request("c", "x", { model: "gpt-4o" }),
  ]);
  const results = await rig.results(batch.id);
  expect(results.map(({ result }) => result.message?.["model"])).toEqual([
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    undefined,
  ]);
  expect(results[2]?.result.error?.error).toEqual({ type: "not_found_error", message: "model: gpt-4o" });
});

test.each([
  ["error_400", { type: "errored", error: { error: { type: "invalid_request_error" } } }],
  ["error_429", { type: "errored", error: { error: { type: "rate_limit_error" } } }],
  ["error_500", { type: "errored", error: { error: { type: "api_error" } } }],
  [
    "refusal",
    { message: { stop_reason: "refusal", stop_details: { category: null }, content: [{ type: "text" }] } },
  ],
  [
    "content_filter",
    { message: { stop_reason: "refusal", stop_details: { category: "general_harms" }, content: [] } },
  ],
  ["length", { message: { stop_reason: "max_tokens", stop_details: null } }],
  ["text", { message: { stop_reason: "end_turn", content: [{ type: "text", text: "as told" }] } }],
] as const)("a rule gives requests the answer %s", async (answer, result) => {
  await using rig = await openAnthropicRig({ lines: [{ contains: "special", answer, text: "as told" }] });
  const batch = await rig.run([request("a", "special")]);
  expect((await rig.results(batch.id))[0]?.result).toMatchObject(result);
});

test("structured answers satisfy their schema", async () => {
  await using rig = await openAnthropicRig();
  const batch = await rig.run(
    Array.from({ length: 20 }, (_, at) => request(`s-${at}`, `item ${at}`, format(schema))),
  );
  const known = z.fromJSONSchema(schema as never);
  const results = await rig.results(batch.id);
  expect(results).toHaveLength(20);
  for (const { result } of results) known.parse(JSON.parse(result.message?.["content"][0].text));
});

test("thinking comes in a block of its own when it is asked for, and is part of the output", async () => {
  await using rig = await openAnthropicRig();
  const batch = await rig.run([
    request("a", "x", { max_tokens: 4_000, thinking: { type: "enabled", budget_tokens: 2_000 } }),
    request("b", "x", { ...opus, thinking: { type: "adaptive", display: "omitted" } }),
    request("c"),
  ]);
  const [thought, omitted, plain] = (await rig.results(batch.id)).map(({ result }) => result.message);
  expect(thought?.["content"]).toMatchObject([
    { type: "thinking", thinking: expect.stringMatching(/./), signature: expect.any(String) },
    { type: "text" },
  ]);
  expect(omitted?.["content"][0]).toMatchObject({ type: "thinking", thinking: "" });
  expect(plain?.["content"]).toMatchObject([{ type: "text" }]);
  expect(thought?.["usage"].output_tokens_details.thinking_tokens).toBeGreaterThan(0);
  expect(thought?.["usage"].output_tokens).toBeGreaterThan(
    thought?.["usage"].output_tokens_details.thinking_tokens,
  );
  expect(plain?.["usage"].output_tokens_details.thinking_tokens).toBe(0);
});

test("a forced tool is used with input that fits", async () => {
  await using rig = await openAnthropicRig();
  const tools = [
    { name: "other", input_schema: { type: "object" } },
    { name: "weigh", input_schema: schema },
  ];
  const batch = await rig.run([request("a", "x", { tools, tool_choice: { type: "tool", name: "weigh" } })]);
  const message = (await rig.results(batch.id))[0]?.result.message;
  expect(message).toMatchObject({
    stop_reason: "tool_use",
    content: [{ type: "tool_use", id: expect.stringMatching(/^toolu_/), name: "weigh" }],
  });
  z.fromJSONSchema(schema as never).parse(message?.["content"][0].input);
});

test("a system prompt that is marked is written to a cache once, and read from it then", async () => {
  await using rig = await openAnthropicRig();
  const text = "word ".repeat(2_000);
  const marked = { system: [{ type: "text", text, cache_control: { type: "ephemeral" } }] };
  const batch = await rig.run([
    request("a", "x", marked),
    request("b", "x", marked),
    request("c", "x", { system: text }),
  ]);
  const [first, second, third] = (await rig.results(batch.id)).map(({ result }) => result.message?.["usage"]);
  expect(first.cache_creation_input_tokens).toBeGreaterThan(2_000);
  expect(first.cache_creation.ephemeral_5m_input_tokens).toBe(first.cache_creation_input_tokens);
  expect(second).toMatchObject({
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: first.cache_creation_input_tokens,
    input_tokens: first.input_tokens,
  });
  expect(third).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: 0 });
  const all = (name: string) => first[name] + second[name] + third[name];
  expect((await rig.creates())[0]?.charge).toEqual({
    inputTokens: all("input_tokens") + all("cache_read_input_tokens") + all("cache_creation_input_tokens"),
    cachedTokens: all("cache_read_input_tokens"),
    cacheWriteTokens: all("cache_creation_input_tokens"),
    outputTokens: all("output_tokens"),
    reasoningTokens: 0,
  });
});

test("what is to be kept for an hour is written as such", async () => {
  await using rig = await openAnthropicRig();
  const control = { type: "ephemeral", ttl: "1h" };
  const system = [{ type: "text", text: "word ".repeat(2_000), cache_control: control }];
  const batch = await rig.run([request("a", "x", { system })]);
  const [usage] = (await rig.results(batch.id)).map(({ result }) => result.message?.["usage"]);
  const written = usage.cache_creation_input_tokens;
  expect(written).toBeGreaterThan(2_000);
  expect(usage.cache_creation).toEqual({ ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: written });
  expect((await rig.creates())[0]?.charge).toMatchObject({
    cacheWriteTokens: written,
    longCacheWriteTokens: written,
  });
});

test("answers respect the caller's limit of tokens and stop sequences", async () => {
  await using rig = await openAnthropicRig({ answers: { minTokens: 50, maxTokens: 60 } });
  const batch = await rig.run([
    request("short", "x", { max_tokens: 10 }),
    request("stopped", "x", { stop_sequences: ["e"] }),
  ]);
  const [short, stopped] = (await rig.results(batch.id)).map(({ result }) => result.message);
  expect(short).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 10 } });
  expect(stopped).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "e" });
  expect(stopped?.["content"][0].text).not.toContain("e");
});
