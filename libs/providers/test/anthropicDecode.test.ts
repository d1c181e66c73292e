import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeLine } from "../src/anthropic/decodeLine.ts";
import { anyJson } from "./anyJson.ts";
import { fixtures } from "./fixtures.ts";

const FILES = ["anthropic/answers", "anthropic/errors"];

describe.each(FILES)("a line of %s", (file) => {
  test.each(fixtures(file))("that is $name", ({ line, decoded, source }) => {
    expect(source).not.toBe("");
    expect(decodeLine(JSON.stringify(line))).toEqual(decoded);
  });
});

test.each([
  ["invalid_request_error", "invalid_request"],
  ["request_too_large", "invalid_request"],
  ["not_found_error", "invalid_request"],
  ["authentication_error", "invalid_request"],
  ["permission_error", "invalid_request"],
  ["billing_error", "rate_limited"],
  ["rate_limit_error", "rate_limited"],
  ["timeout_error", "provider_error"],
  ["api_error", "provider_error"],
  ["overloaded_error", "provider_error"],
  ["constructor", "provider_error"],
  ["a type of next year", "provider_error"],
])("a line with the error %s ends as %s", (type, ends) => {
  const result = { type: "errored", error: { type: "error", error: { type, message: "no" } } };
  expect(decodeLine(JSON.stringify({ custom_id: "a", result }))).toMatchObject({
    type: "error",
    ends,
    code: type,
  });
});

test("an error that says nothing is still one", () => {
  expect(decodeLine('{"custom_id":"a","result":{"type":"errored"}}')).toMatchObject({
    type: "error",
    ends: "provider_error",
    code: "error",
  });
});

test.each([
  ["no object", "7", null, /expected object/],
  ["without a custom id", '{"result":{"type":"expired"}}', null, /custom_id/],
  ["without a result", '{"custom_id":"a"}', "a", /result/],
  ["with a result of next year", '{"custom_id":"a","result":{"type":"dreamt"}}', "a", /unknown type: dreamt/],
  ["without a message", '{"custom_id":"a","result":{"type":"succeeded"}}', "a", /result\.message/],
  [
    "with content that is none",
    '{"custom_id":"a","result":{"type":"succeeded","message":{"content":"x"}}}',
    "a",
    /content/,
  ],
])("a line %s is unparseable and says why", (_what, text, customId, why) => {
  const line = decodeLine(text);
  expect(line).toMatchObject({ type: "unparseable", customId });
  expect(line.type === "unparseable" && line.message).toMatch(why);
});

test("a stop reason nobody knows is other, and usage that is no number counts as none", () => {
  const message = {
    content: [{ type: "text", text: "x" }],
    stop_reason: "tired",
    usage: { input_tokens: -1 },
  };
  expect(
    decodeLine(JSON.stringify({ custom_id: "a", result: { type: "succeeded", message } })),
  ).toMatchObject({
    finish: "other",
    text: "x",
    usage: { inputTokens: 0 },
  });
});

test("byte order marks and carriage returns do no harm", () => {
  const [first] = fixtures("anthropic/answers");
  expect(decodeLine(`\uFEFF${JSON.stringify(first?.line)}\r`)).toEqual(first?.decoded);
});

test("no text makes it throw", () => {
  const json = anyJson("custom_id result type message error content text stop_reason usage model");
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    json.map((value) => JSON.stringify(value) ?? ""),
    fc.record({ custom_id: fc.string(), result: json }).map((line) => JSON.stringify(line)),
    json.map((message) => JSON.stringify({ custom_id: "a", result: { type: "succeeded", message } })),
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
