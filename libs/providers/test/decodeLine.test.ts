import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import type { DecodedLine } from "@granary/domain";
import { decodeLine } from "../src/openai/decodeLine.ts";

interface Fixture {
  readonly name: string;
  readonly source: string;
  readonly line: { readonly custom_id: string };
  readonly decoded: DecodedLine;
}

function fixtures(file: string): readonly Fixture[] {
  const url = new URL(`fixtures/openai/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { lines: Fixture[] }).lines;
}

describe.each(["chat", "responses", "errors", "compatible"])("a line of %s", (file) => {
  test.each(fixtures(file))("that is $name", ({ line, decoded, source }) => {
    expect(source).not.toBe("");
    expect(decodeLine(JSON.stringify(line))).toEqual(decoded);
  });
});

const errorLine = (response: unknown, error: unknown = null) =>
  decodeLine(JSON.stringify({ custom_id: "a", response, error }));
const failed = (status: number, code: string | null = null) =>
  errorLine({ status_code: status, body: { error: { code, message: "no" } } });

test.each([
  [400, null, "invalid_request"],
  [401, null, "invalid_request"],
  [404, "model_not_found", "invalid_request"],
  [400, "content_policy_violation", "refused"],
  [400, "moderation_blocked", "refused"],
  [408, null, "provider_error"],
  [409, null, "provider_error"],
  [429, null, "rate_limited"],
  [429, "insufficient_quota", "rate_limited"],
  [400, "token_limit_exceeded", "rate_limited"],
  [500, null, "provider_error"],
  [503, null, "provider_error"],
  [302, null, "provider_error"],
])("a line with status %s and code %s ends as %s", (status, code, ends) => {
  expect(failed(status, code)).toMatchObject({ type: "error", customId: "a", ends });
});

test.each([
  ["batch_expired", "expired"],
  ["batch_cancelled", "cancelled"],
  ["rate_limit_exceeded", "rate_limited"],
  ["invalid_prompt", "refused"],
  ["invalid_request", "invalid_request"],
  ["server_error", "provider_error"],
  ["a code of next year", "provider_error"],
])("a line with the error %s ends as %s", (code, ends) => {
  expect(errorLine(null, { code, message: "no" })).toMatchObject({ type: "error", ends, code });
});

test("an error body that is a page still ends the item by its status", () => {
  expect(errorLine({ status_code: 502, body: "<html>" })).toMatchObject({
    type: "error",
    ends: "provider_error",
    code: "502",
    message: "HTTP 502",
  });
});

test("byte order marks and carriage returns do no harm", () => {
  const [first] = fixtures("chat");
  expect(decodeLine(`\uFEFF${JSON.stringify(first?.line)}\r`)).toEqual(first?.decoded);
});

test("a torn line tells whose it was", () => {
  expect(decodeLine('{"id":"x","custom_id":"gr1234-abc-1","response":{"sta')).toMatchObject({
    type: "unparseable",
    customId: "gr1234-abc-1",
  });
});

test("a custom id inside another line's text is not taken for its own", () => {
  const text = JSON.stringify({ note: '{"custom_id":"stolen"}' }).slice(0, -1);
  expect(decodeLine(text)).toMatchObject({ type: "unparseable", customId: null });
});

test.each([
  ["no object", "7", null, /expected object/],
  ["without a custom id", '{"response":null}', null, /custom_id/],
  ["without response and error", '{"custom_id":"a"}', "a", /neither/],
  [
    "with a body of another kind",
    '{"custom_id":"a","response":{"status_code":200,"body":{}}}',
    "a",
    /output/,
  ],
  [
    "without choices",
    '{"custom_id":"a","response":{"status_code":200,"body":{"choices":[]}}}',
    "a",
    /body\.choices/,
  ],
  ["without a body", '{"custom_id":"a","response":{"status_code":200}}', "a", /no object/],
])("a line %s is unparseable and says why", (_what, text, customId, why) => {
  const line = decodeLine(text);
  expect(line).toMatchObject({ type: "unparseable", customId });
  expect(line.type === "unparseable" && line.message).toMatch(why);
});

test("usage that is no number counts as none, and harms no answer", () => {
  const body = {
    choices: [{ message: { content: "x" }, finish_reason: "stop" }],
    usage: { prompt_tokens: -1 },
  };
  expect(errorLine({ status_code: 200, body })).toMatchObject({
    type: "answer",
    usage: { inputTokens: 0, outputTokens: 0 },
  });
});

test("a finish reason nobody knows is other", () => {
  const body = { choices: [{ message: { content: "x" }, finish_reason: "tired" }] };
  expect(errorLine({ status_code: 200, body })).toMatchObject({ finish: "other", text: "x" });
});

test("a call that was forced ends as a tool call, though it says stop", () => {
  const tool_calls = [{ id: "1" }];
  const body = { choices: [{ message: { content: null, tool_calls }, finish_reason: "stop" }] };
  expect(errorLine({ status_code: 200, body })).toMatchObject({ finish: "tool_calls", text: '[{"id":"1"}]' });
});

test("no text makes it throw", () => {
  const known = fc.constantFrom(
    ..."custom_id response error status_code body choices message output content".split(" "),
  );
  const json = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 6 },
      fc.jsonValue(),
      fc.constantFrom(200, 429, null, "a"),
      fc.dictionary(known, tie("any")),
      fc.array(tie("any"), { maxLength: 3 }),
    ),
  })).any;
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    json.map((value) => JSON.stringify(value) ?? ""),
    fc.record({ custom_id: fc.string(), response: json, error: json }).map((line) => JSON.stringify(line)),
  );
  fc.assert(
    fc.property(text, (line) => {
      expect(["answer", "error", "unparseable"]).toContain(decodeLine(line).type);
    }),
    { numRuns: 2_000 },
  );
}, 30_000);

test("no part of a true line, cut anywhere, makes it throw or name another item", () => {
  const lines = ["chat", "responses", "errors"].flatMap(fixtures);
  fc.assert(
    fc.property(fc.constantFrom(...lines), fc.nat(), ({ line }, at) => {
      const text = JSON.stringify(line);
      const decoded = decodeLine(text.slice(0, at % text.length));
      expect(decoded.type).toBe("unparseable");
      expect([null, line.custom_id]).toContain(decoded.customId);
    }),
    { numRuns: 1_000 },
  );
});
