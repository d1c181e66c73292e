import type { Dialect } from "@granary/domain";
import { item as itemSchema } from "@granary/domain";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  changedJson,
  deep,
  fuzz,
  FUZZ_TEST_MS,
  hostileText,
  hostileValue,
  jsonText,
} from "../../../tools/fuzz.ts";
import { anthropicDialect, geminiDialect, openaiDialect, outputValidator } from "../src/index.ts";

type Schema = Readonly<Record<string, unknown>>;

const DIALECTS: readonly Dialect[] = [openaiDialect(), geminiDialect(), anthropicDialect()];
const REFERENCES = [
  "#",
  "#/$defs/a",
  "#/$defs/b",
  "#/properties/a",
  "#here",
  "#/__proto__",
  "#/%E0%A4",
  "http://x/y",
];
const PATTERNS = ["^(a+)+$", "(a|a)*b", "^[a-z]{3}$", "(?:a?){30}a{30}", "\\p{L}+", "(", "[^]*x", "(.*)\\1"];

/** Schemas that mean something to every provider, around references that lead anywhere. */
const schema = fc.letrec<{ one: Schema }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Schema>(
      { type: "string" },
      { type: ["integer", "null"] },
      { type: "string", enum: ["a"] },
    ),
    fc.constantFrom<Schema>(
      ...REFERENCES.map(($ref) => ({ $ref })),
      ...PATTERNS.map((pattern) => ({ type: "string", pattern })),
      { type: "string", format: "date-time" },
      { enum: ["a", 1, null] },
      { const: { a: [1] } },
      { $anchor: "here", type: "number", multipleOf: 1e-300 },
      { $id: "http://x/y", $schema: "http://json-schema.org/draft-07/schema#" },
    ),
    fc.array(tie("one"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(tie("one"), { minLength: 1, maxLength: 2 }).map((allOf) => ({ allOf })),
    tie("one").map((items) => ({ type: "array", items })),
    fc
      .dictionary(fc.constantFrom("a", "b", "__proto__", "constructor"), tie("one"), {
        noNullPrototype: true,
      })
      .map((properties) => ({
        type: "object",
        properties,
        required: Object.keys(properties),
        additionalProperties: false,
      })),
  ),
})).one;

const whole = fc.tuple(schema, schema, schema).map(([a, b, c]) => ({
  type: "object",
  properties: { a },
  required: ["a"],
  additionalProperties: false,
  $defs: { a: b, b: c },
}));

const anySchema: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: whole },
  { weight: 3, arbitrary: whole.chain((sample) => changedJson(sample)) },
  { weight: 1, arbitrary: fc.dictionary(hostileText, hostileValue, { maxKeys: 3 }) },
);

const ANSWERS = [
  '{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}',
  '{"a":1}',
  "[]",
  "{",
  '"x"',
  '{"a":{"a":{"a":{}}}}',
];

test(
  "any schema is refused with its places, or can be sent and checked in bounded time",
  () => {
    let taken = 0;
    fuzz(anySchema, (value) => {
      const output = { type: "json_schema", name: "answer", schema: value as Schema } as const;
      for (const dialect of DIALECTS) {
        const faults = dialect.schemaFaults(output.schema);
        for (const { path, message } of faults) {
          expect(path.startsWith("output.schema")).toBe(true);
          expect(message).not.toBe("");
        }
        if (faults.length > 0) continue;
        taken += 1;
        const context = { model: "m", endpoint: dialect.endpoints[0], output };
        JSON.parse(dialect.encode({ key: "k", prompt: "p" }, context, "id"));
        const validate = outputValidator(output.schema, { mostMs: 100 });
        for (const answer of ANSWERS) expect(typeof validate(answer).ok).toBe("boolean");
      }
    });
    expect(taken).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);

const ITEMS = [
  {
    key: "a",
    prompt: "p",
    system: "s",
    params: { temperature: 1, topP: 1, maxTokens: 5, stop: ["x"], seed: 1 },
  },
  {
    key: "b",
    messages: [
      { role: "system", content: "s" },
      { role: "user", content: "u" },
    ],
  },
  {
    key: "c",
    body: { model: "m", messages: [{ role: "user", content: [{ type: "text", text: "t" }] }], max_tokens: 5 },
  },
  {
    key: "d",
    body: {
      contents: [
        { role: "user", parts: [{ text: "t" }, { inlineData: { mimeType: "image/png", data: "AA==" } }] },
      ],
    },
  },
];

test(
  "any item is refused with its places, or becomes one line that can be measured",
  () => {
    const output = { type: "text" } as const;
    let encoded = 0;
    fuzz(changedJson(...ITEMS), (value) => {
      const parsed = itemSchema.safeParse(value);
      if (!parsed.success) return;
      for (const dialect of DIALECTS)
        for (const endpoint of dialect.endpoints) {
          const context = { model: "m", endpoint, output };
          const faults = dialect.itemFaults(parsed.data, context);
          for (const { message } of faults) expect(message).not.toBe("");
          if (faults.length > 0) continue;
          encoded += 1;
          const line = dialect.encode(parsed.data, context, "id");
          expect(line).not.toContain("\n");
          expect(JSON.parse(line)).toBeTypeOf("object");
          const { input, output: most } = dialect.estimate(parsed.data, context);
          for (const count of [input, most]) expect(Number.isFinite(count) && count >= 0).toBe(true);
        }
    });
    expect(encoded).toBeGreaterThan(0);
  },
  FUZZ_TEST_MS,
);

const closed = (properties: Schema, more: Schema = {}): Schema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

describe("a schema that nobody could check an answer against is refused", () => {
  const doubling = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [
      `d${at}`,
      at === 39
        ? { type: "string" }
        : { anyOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] },
    ]),
  );
  test.each([
    [
      "because a reference leads round to itself",
      closed(
        { a: { $ref: "#/$defs/x" } },
        { $defs: { x: { anyOf: [{ $ref: "#/$defs/x" }, { type: "null" }] } } },
      ),
      /leads round to itself/,
    ],
    [
      "because its choices multiply",
      closed({ a: { $ref: "#/$defs/d0" } }, { $defs: doubling }),
      /more than 1000 schemas/,
    ],
    ["because it is too deep", closed({ a: { enum: [deep(200)] } }), /deeper than 128 levels/],
    [
      "because it has no end",
      { allOf: Array.from({ length: 10_001 }, () => ({ type: "object" })) },
      /more than 10000/,
    ],
  ])("%s", (_why, given, message) => {
    for (const dialect of DIALECTS)
      expect(dialect.schemaFaults(given).some((fault) => message.test(fault.message))).toBe(true);
  });
});

const tree = (levels: number): string => '{"a":'.repeat(levels) + "1" + "}".repeat(levels);

describe("an answer that cannot be checked is not what was asked for", () => {
  const recursive = closed({ a: { anyOf: [{ $ref: "#" }, { $ref: "#" }, { type: "null" }] } });
  test.each([
    [
      "a pattern that tries all ways",
      closed({ a: { type: "string", pattern: "^(a+)+$" } }),
      ANSWERS[0]!,
      /took longer/,
    ],
    ["a schema that multiplies with the answer's depth", recursive, tree(60), /took longer/],
    ["an answer deeper than can be written", recursive, jsonText({ a: deep(5_000) }), /deeper than 128/],
  ])("for %s", (_why, given, answer, message) => {
    const startedAt = performance.now();
    const checked = outputValidator(given, { mostMs: 200 })(answer);
    expect(checked.ok ? "" : checked.message).toMatch(message);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test("and a check that ends is as it was", () => {
    const validate = outputValidator(closed({ a: { type: "string", pattern: "^(?:ab)+$" } }));
    expect(validate('{"a":"abab"}')).toEqual({ ok: true, value: { a: "abab" } });
    expect(validate('{"a":"aba"}')).toMatchObject({ ok: false, message: expect.stringContaining("pattern") });
    expect(outputValidator(recursive)('{"a":{"a":null}}')).toMatchObject({ ok: true });
  });
});
