import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeLine } from "../src/gemini/decodeLine.ts";
import { anyJson } from "./anyJson.ts";
import { fixtures } from "./fixtures.ts";

const FILES = ["gemini/answers", "gemini/errors"];

describe.each(FILES)("a line of %s", (file) => {
  test.each(fixtures(file))("that is $name", ({ line, decoded, source }) => {
    expect(source).not.toBe("");
    expect(decodeLine(JSON.stringify(line))).toEqual(decoded);
  });
});

const failed = (error: unknown) => decodeLine(JSON.stringify({ key: "a", error }));

test.each([
  [1, "cancelled"],
  [2, "provider_error"],
  [3, "invalid_request"],
  [4, "provider_error"],
  [5, "invalid_request"],
  [7, "invalid_request"],
  [8, "rate_limited"],
  [9, "invalid_request"],
  [10, "provider_error"],
  [11, "invalid_request"],
  [12, "invalid_request"],
  [13, "provider_error"],
  [14, "provider_error"],
  [15, "provider_error"],
  [16, "invalid_request"],
  [400, "invalid_request"],
  [408, "provider_error"],
  [429, "rate_limited"],
  [499, "cancelled"],
  [503, "provider_error"],
  [99, "provider_error"],
  ["INVALID_ARGUMENT", "invalid_request"],
  ["constructor", "provider_error"],
])("a line with the error code %s ends as %s", (code, ends) => {
  expect(failed({ code, message: "no" })).toMatchObject({ type: "error", customId: "a", ends });
});

test("an error without a code is still one", () => {
  expect(failed({})).toMatchObject({
    type: "error",
    ends: "provider_error",
    code: "error",
    message: "error",
  });
});

test.each([
  ["SPII", "content_filter"],
  ["BLOCKLIST", "content_filter"],
  ["IMAGE_SAFETY", "content_filter"],
  ["CONTINUATION", "length"],
  ["LANGUAGE", "other"],
  ["a reason of next year", "other"],
])("an answer with text that ended for %s ends as %s", (finishReason, finish) => {
  const candidates = [{ content: { parts: [{ text: "x" }] }, finishReason }];
  expect(decodeLine(JSON.stringify({ key: "a", response: { candidates } }))).toMatchObject({
    finish,
    text: "x",
  });
});

test.each([
  ["no object", "7", null, /expected object/],
  ["without a key", '{"response":{}}', null, /no key/],
  ["without response and error", '{"key":"a"}', "a", /neither/],
  ["with a response that is text", '{"key":"a","response":"x"}', "a", /response\./],
  [
    "with parts that are none",
    '{"key":"a","response":{"candidates":[{"content":{"parts":7}}]}}',
    "a",
    /parts/,
  ],
])("a line %s is unparseable and says why", (_what, text, customId, why) => {
  const line = decodeLine(text);
  expect(line).toMatchObject({ type: "unparseable", customId });
  expect(line.type === "unparseable" && line.message).toMatch(why);
});

test("usage that is no number counts as none, and harms no answer", () => {
  const candidates = [{ content: { parts: [{ text: "x" }] }, finishReason: "STOP" }];
  const usageMetadata = { promptTokenCount: -1, candidatesTokenCount: "many", thoughtsTokenCount: 2 };
  expect(decodeLine(JSON.stringify({ key: "a", response: { candidates, usageMetadata } }))).toMatchObject({
    usage: { inputTokens: 0, outputTokens: 2, reasoningTokens: 2 },
  });
});

test("byte order marks and carriage returns do no harm", () => {
  const [first] = fixtures("gemini/answers");
  expect(decodeLine(`\uFEFF${JSON.stringify(first?.line)}\r`)).toEqual(first?.decoded);
});

test("no text makes it throw", () => {
  const json = anyJson(
    "key metadata response error candidates content parts text finishReason usageMetadata code",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    json.map((value) => JSON.stringify(value) ?? ""),
    fc.record({ key: fc.string(), response: json, error: json }).map((line) => JSON.stringify(line)),
  );
  fc.assert(
    fc.property(text, (line) => {
      expect(["answer", "error", "unparseable"]).toContain(decodeLine(line).type);
    }),
    { numRuns: 1_000 },
  );
}, 30_000);

test("no part of a true line, cut anywhere, makes it throw or name another item", () => {
  fc.assert(
    fc.property(fc.constantFrom(...FILES.flatMap(fixtures)), fc.nat(), ({ line, decoded }, at) => {
      const text = JSON.stringify(line);
      const cut = decodeLine(text.slice(0, at % text.length));
      expect(cut.type).toBe("unparseable");
      expect([null, decoded.customId]).toContain(cut.customId);
    }),
    { numRuns: 1_000 },
  );
});
