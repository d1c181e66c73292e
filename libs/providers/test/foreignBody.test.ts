import { expect, test } from "vitest";
import { openaiDialect } from "../src/index.ts";

const CHAT = "/v1/chat/completions";
const RESPONSES = "/v1/responses";
const dialect = openaiDialect();

const faultsOf = (body: Record<string, unknown>, endpoint: string) =>
  dialect
    .itemFaults({ key: "a", body }, { model: "gpt-4o-mini", endpoint, output: { type: "text" } })
    .map(({ path }) => path);

const TURN = { role: "user", content: "Hi" };
const user = (...content: readonly object[]) => [{ role: "user", content }];
const URL = "https://example.org/a.png";

test.each<[string, string, Record<string, unknown>]>([
  ["text", CHAT, { messages: [TURN] }],
  ["an image", CHAT, { messages: user({ type: "image_url", image_url: { url: URL } }) }],
  ["sound", CHAT, { messages: user({ type: "input_audio", input_audio: { data: "", format: "wav" } }) }],
  [
    "tools",
    CHAT,
    { messages: [TURN], tools: [{ type: "function", function: { name: "f", parameters: {} } }] },
  ],
  ["a call and its answer", CHAT, { messages: [{ role: "tool", tool_call_id: "1", content: "7" }] }],
  ["text", RESPONSES, { input: "Hi" }],
  ["an image", RESPONSES, { input: user({ type: "input_image", image_url: URL }) }],
  ["tools", RESPONSES, { input: "Hi", tools: [{ type: "function", name: "f", parameters: {} }] }],
  [
    "a call and its answer",
    RESPONSES,
    { input: [{ type: "function_call_output", call_id: "1", output: "7" }] },
  ],
  ["a cache key and what else it may have", RESPONSES, { input: "Hi", prompt_cache_key: "k", store: false }],
])("a body of its own with %s has no faults at %s", (_what, endpoint, body) => {
  expect(faultsOf(body, endpoint)).toEqual([]);
});

test.each<[string, string, Record<string, unknown>, readonly string[]]>([
  [
    "of responses",
    CHAT,
    { input: "Hi", instructions: "Be brief.", max_output_tokens: 5 },
    ["body.messages", "body.input", "body.instructions", "body.max_output_tokens"],
  ],
  [
    "of chat completions",
    RESPONSES,
    { messages: [TURN], max_tokens: 5, response_format: { type: "json_object" }, stop: "x" },
    ["body.input", "body.messages", "body.max_tokens", "body.response_format", "body.stop"],
  ],
  [
    "with an image of responses",
    CHAT,
    { messages: user({ type: "text", text: "?" }, { type: "input_image", image_url: URL }) },
    ["body.messages[0].content[1]"],
  ],
  [
    "with an image of chat completions",
    RESPONSES,
    { input: user({ type: "image_url", image_url: { url: URL } }) },
    ["body.input[0].content[0]"],
  ],
  [
    "with parts of Gemini's",
    CHAT,
    { messages: ["odd", { role: "user", parts: [{ text: "Hi" }] }] },
    ["body.messages[1].parts"],
  ],
  [
    "of Anthropic's, all of it",
    CHAT,
    {
      system: "Be brief.",
      messages: [TURN],
      stop_sequences: ["x"],
      tools: [{ name: "f", input_schema: {} }],
    },
    ["body.system", "body.stop_sequences", "body.tools[0]"],
  ],
])("a body %s is told at %s, all faults at once", (_what, endpoint, body, paths) => {
  expect(faultsOf(body, endpoint).toSorted()).toEqual(paths.toSorted());
});
