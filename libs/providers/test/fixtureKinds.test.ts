import { describe, expect, test } from "vitest";
import type { DecodedLine } from "@granary/domain";
import { fixtures, type Fixture } from "./fixtures.ts";

const FILES = {
  "openai, chat completions": ["openai/chat", "openai/errors"],
  "openai, responses": ["openai/responses", "openai/errors"],
  gemini: ["gemini/answers", "gemini/errors"],
  anthropic: ["anthropic/answers", "anthropic/errors"],
} as const;

const ends =
  (...all: readonly string[]) =>
  (line: DecodedLine) =>
    line.type === "error" && all.includes(line.ends);
const finishes =
  (...all: readonly string[]) =>
  (line: DecodedLine) =>
    line.type === "answer" && all.includes(line.finish);
const named =
  (words: RegExp) =>
  (_line: DecodedLine, { name }: Fixture) =>
    words.test(name);

/** Every kind of end that a line can have, and how it is told. */
const KINDS: Readonly<Record<string, (line: DecodedLine, fixture: Fixture) => boolean>> = {
  "a success": finishes("stop"),
  "an item's own error": ends("invalid_request"),
  "a rate limit": ends("rate_limited"),
  "a fault of the provider": ends("provider_error"),
  "the end of the window": ends("expired"),
  "a cancellation": ends("cancelled"),
  "a refusal": (line) => finishes("refusal", "content_filter")(line) || ends("refused")(line),
  "an answer that was cut": finishes("length"),
  "an answer in the form of a schema": (line, fixture) =>
    line.type === "answer" && named(/form of a schema/)(line, fixture) && Boolean(line.text?.startsWith("{")),
  "a tool call": finishes("tool_calls"),
  "an answer after thinking": (line, fixture) =>
    line.type === "answer" && (line.usage.reasoningTokens > 0 || named(/thinking/)(line, fixture)),
  "fields that nobody knows": named(/fields of a later day/),
};

describe.each(Object.entries(FILES))("%s", (_provider, files) => {
  const all = files.flatMap((file) => fixtures(file));

  test.each(Object.entries(KINDS))("has a line of %s", (_kind, isOne) => {
    expect(all.filter((fixture) => isOne(fixture.decoded, fixture)).length).toBeGreaterThan(0);
  });

  test("says of each line where its form is told, and names each once", () => {
    expect(all.filter(({ source }) => !/\S/.test(source))).toEqual([]);
    const names = all.map(({ name, line }) => `${name} ${JSON.stringify(line).length}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
