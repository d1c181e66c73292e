import type { DecodedLine, Dialect } from "@granary/domain";
import { judgeLine } from "@granary/domain";
import { describe, expect, test } from "vitest";
import { changedBytes, changedJson, deep, fuzz, FUZZ_TEST_MS, jsonText } from "../../../tools/fuzz.ts";
import { anthropicDialect, geminiDialect, openaiDialect, outputValidator } from "../src/index.ts";
import { fixtures } from "./fixtures.ts";

const FINISHES = ["stop", "length", "refusal", "content_filter", "tool_calls", "other"];
const ENDS = ["provider_error", "rate_limited", "invalid_request", "refused", "expired", "cancelled"];

const PROVIDERS: readonly (readonly [Dialect, readonly string[]])[] = [
  [openaiDialect(), ["openai/chat", "openai/responses", "openai/errors"]],
  [geminiDialect(), ["gemini/answers", "gemini/errors"]],
  [anthropicDialect(), ["anthropic/answers", "anthropic/errors"]],
];

const validate = outputValidator({ type: "object", properties: { a: { type: "string" } } });

/** Everything that is kept of a line can be written, and is what its type says. */
function expectSound(line: DecodedLine): void {
  expect(JSON.parse(JSON.stringify(line))).toEqual(line);
  if (line.customId !== null) expect(line.customId).not.toBe("");
  switch (line.type) {
    case "answer":
      expect(FINISHES).toContain(line.finish);
      expect(line.text === null || typeof line.text === "string").toBe(true);
      expectUsage(line.usage);
      break;
    case "error":
      expect(ENDS).toContain(line.ends);
      expect([typeof line.code, typeof line.message]).toEqual(["string", "string"]);
      if (line.usage) expectUsage(line.usage);
      break;
    case "unparseable":
      expect(line.message.length).toBeLessThanOrEqual(500);
  }
}

function expectUsage(usage: object): void {
  for (const count of Object.values(usage)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
}

test.each(PROVIDERS)(
  "a line of $provider, whatever became of it, is read, judged and can be written again",
  (dialect, files) => {
    const samples = files.flatMap((file) => fixtures(file).map(({ line }) => line));
    const types = new Set<string>();
    fuzz(changedBytes(changedJson(...samples).map(jsonText)), (bytes) => {
      const text = bytes.toString("utf8");
      const line = dialect.decode(text);
      types.add(line.type);
      expectSound(line);
      for (const name of dialect.drift(text)) expect(typeof name).toBe("string");
      for (const check of [null, validate]) {
        const judged = judgeLine(line, check, null);
        expect(judged.error?.message.length ?? 0).toBeLessThanOrEqual(500);
        expect(JSON.parse(JSON.stringify(judged))).toEqual(JSON.parse(JSON.stringify({ ...judged })));
      }
    });
    expect([...types].toSorted()).toEqual(["answer", "error", "unparseable"]);
  },
  FUZZ_TEST_MS,
);

const lineOf = (choice: object): string =>
  JSON.stringify({
    custom_id: "a",
    response: { status_code: 200, body: { choices: [choice] } },
    error: null,
  });

/** Lines with calls of a model that are these. */
const calls = (deepCalls: string): readonly (readonly [Dialect, string])[] => [
  [
    openaiDialect(),
    `{"custom_id":"a","response":{"status_code":200,"body":{"choices":[{"finish_reason":"stop","message":{"tool_calls":${deepCalls}}}]}}}`,
  ],
  [
    openaiDialect(),
    `{"custom_id":"a","response":{"status_code":200,"body":{"status":"completed","output":[{"type":"function_call","arguments":${deepCalls}}]}}}`,
  ],
  [
    geminiDialect(),
    `{"key":"a","response":{"candidates":[{"finishReason":"STOP","content":{"parts":[{"functionCall":${deepCalls}}]}}]}}`,
  ],
  [
    anthropicDialect(),
    `{"custom_id":"a","result":{"type":"succeeded","message":{"stop_reason":"tool_use","content":[{"type":"tool_use","input":${deepCalls}}]}}}`,
  ],
];

describe("what was found once", () => {
  test.each(["constructor", "__proto__", "toString"])(
    "a finish reason %s is another one",
    (finish_reason) => {
      const line = openaiDialect().decode(lineOf({ finish_reason, message: { content: "x" } }));
      expect(line).toMatchObject({ type: "answer", finish: "other", text: "x" });
    },
  );

  test("calls nested deeper than can be written harm their own line alone", () => {
    for (const [dialect, text] of calls(jsonText(deep(20_000))))
      expect(dialect.decode(text)).toMatchObject({ type: "unparseable", customId: "a" });
    for (const [dialect, text] of calls("[[1]]"))
      expect(dialect.decode(text)).toMatchObject({ type: "answer", finish: "tool_calls" });
  });
});
