import { expect, test } from "vitest";
import { openaiDialect, outputValidator } from "../src/index.ts";

const dialect = openaiDialect();
const schemaFaults = (schema: Schema) => dialect.schemaFaults(schema);
type Schema = Record<string, unknown>;

/** An object schema inside the subset, with one property. */
const object = (property: unknown, more: Schema = {}): Schema => ({
  type: "object",
  properties: { x: property },
  required: ["x"],
  additionalProperties: false,
  ...more,
});
const pathsOf = (schema: Schema) => schemaFaults(schema).map(({ path }) => path);
const X = "output.schema.properties.x";

test.each<[string, Schema]>([
  ["a plain object", object({ type: "string", description: "d", title: "t" })],
  ["a nullable value", object({ type: ["string", "null"] })],
  ["an enum and a const", object({ anyOf: [{ enum: ["a", 1, null] }, { const: 2 }] })],
  ["an array with bounds", object({ type: "array", items: { type: "number", minimum: 0 }, maxItems: 3 })],
  ["a pattern and a format", object({ type: "string", pattern: "^a+$", format: "date-time" })],
  ["a recursive schema", object({ anyOf: [{ $ref: "#" }, { type: "null" }] })],
  ["a definition", object({ $ref: "#/$defs/y" }, { $defs: { y: object({ type: "boolean" }) } })],
  ["an empty object", { type: "object", properties: {}, required: [], additionalProperties: false }],
  ["draft-07", object({ type: "string" }, { $schema: "http://json-schema.org/draft-07/schema#" })],
])("%s is taken", (_what, schema) => {
  expect(schemaFaults(schema)).toEqual([]);
});

test.each<[string, Schema, string[]]>([
  ["a type nobody knows", { type: "text" }, ["output.schema.type"]],
  ["properties that are a list", object(1, { properties: [] }), ["output.schema.properties"]],
  ["a pattern that is none", object({ type: "string", pattern: "(" }), ["output.schema"]],
  ["a reference to nowhere", object({ $ref: "#/$defs/none" }), ["output.schema"]],
  ["another dialect", { $schema: "http://json-schema.org/draft-04/schema#" }, ["output.schema.$schema"]],
  ["an empty dialect", object({ type: "null" }, { $schema: "" }), ["output.schema.$schema"]],
  ["an asynchronous schema", object({ type: "null" }, { $async: true }), ["output.schema.$async"]],
])("%s is no JSON Schema", (_what, schema, paths) => {
  expect(pathsOf(schema)).toEqual(paths);
});

test.each<[string, Schema, string[]]>([
  ["no type at the root", { enum: [1] }, ["output.schema.type"]],
  ["an array at the root", { type: "array", items: { type: "null" } }, ["output.schema.type"]],
  ["a nullable root", object({ type: "null" }, { type: ["object", "null"] }), ["output.schema.type"]],
  ["anyOf at the root", { anyOf: [object({ type: "null" })] }, ["output.schema.anyOf"]],
  [
    "an open object",
    object({ type: "null" }, { additionalProperties: true }),
    ["output.schema.additionalProperties"],
  ],
  [
    "an object that says nothing of others",
    object(object({ type: "null" }, { additionalProperties: {} })),
    [`${X}.additionalProperties`],
  ],
  ["a property that may be left out", object({ type: "null" }, { required: [] }), [X]],
  [
    "a required name that is no property",
    object({ type: "null" }, { required: ["x", "y"] }),
    ["output.schema.required"],
  ],
  ["a value without a type", object({ description: "d" }), [X]],
  ["a value that may be anything", object(true), [X]],
  ["an array of anything", object({ type: "array" }), [`${X}.items`]],
  [
    "a fault inside a definition",
    object({ $ref: "#/$defs/a" }, { $defs: { a: { type: "string", minLength: 1 } } }),
    ["output.schema.$defs.a.minLength"],
  ],
  [
    "a reference outside",
    object(
      { $ref: "http://json-schema.org/draft-07/schema#" },
      {
        $schema: "http://json-schema.org/draft-07/schema#",
      },
    ),
    [`${X}.$ref`],
  ],
  ["a format nobody knows", object({ type: "string", format: "color" }), [`${X}.format`]],
  [
    "a fault inside anyOf",
    object({ anyOf: [{ type: "null" }, { not: {}, type: "string" }] }),
    [`${X}.anyOf[1].not`],
  ],
  ...(
    [
      ["oneOf", [{ type: "string" }]],
      ["allOf", [{ type: "string" }]],
      ["not", { type: "string" }],
      ["if", {}],
      ["then", {}],
      ["else", {}],
      ["dependentRequired", {}],
      ["dependentSchemas", {}],
      ["patternProperties", {}],
      ["propertyNames", {}],
      ["minProperties", 1],
      ["unevaluatedProperties", false],
      ["contains", {}],
      ["uniqueItems", true],
      ["minLength", 1],
      ["maxLength", 1],
    ] as const
  ).map(([keyword, value]): [string, Schema, string[]] => [
    keyword,
    object({ type: "string", [keyword]: value }),
    [`${X}.${keyword}`],
  ]),
])("%s lies outside the subset", (_what, schema, paths) => {
  expect(pathsOf(schema)).toEqual(paths);
});

test("all faults are told at once, each with what to do", () => {
  const faults = schemaFaults({
    type: "object",
    properties: { a: { type: "string", minLength: 1 }, b: { oneOf: [{ type: "null" }] } },
  });
  expect(faults).toEqual([
    { path: "output.schema.additionalProperties", message: "must be false on every object" },
    { path: "output.schema.properties.a", message: expect.stringContaining("must be in required") as string },
    { path: "output.schema.properties.a.minLength", message: expect.stringContaining("remove it") as string },
    { path: "output.schema.properties.b", message: expect.stringContaining("must be in required") as string },
    { path: "output.schema.properties.b.oneOf", message: expect.stringContaining("use anyOf") as string },
    { path: "output.schema.properties.b", message: expect.stringContaining("has no type") as string },
  ]);
});

const nested = (levels: number): Schema =>
  levels === 1 ? object({ type: "null" }) : object(nested(levels - 1));
const wide = (count: number): Schema => {
  const names = Array.from({ length: count }, (_none, at) => `p${at}`);
  const properties = Object.fromEntries(names.map((name) => [name, { type: "null" }]));
  return { type: "object", properties, required: names, additionalProperties: false };
};
const enumOf = (count: number, length: number) =>
  object({ enum: Array.from({ length: count }, (_none, at) => String(at).padStart(length, "e")) });

test.each<[string, Schema, RegExp | null]>([
  ["ten levels", nested(10), null],
  ["eleven levels", nested(11), /11 levels/],
  ["5,000 properties", wide(5_000), null],
  ["5,001 properties", wide(5_001), /5001 properties/],
  ["1,000 enum values", enumOf(1_000, 4), null],
  ["1,001 enum values", enumOf(1_001, 4), /1001 enum values/],
  ["a large enum that is short", enumOf(251, 59), null],
  ["a large enum that is long", enumOf(251, 60), /15060 characters/],
  ["a small enum that is long", enumOf(250, 400), null],
  ["120,001 characters", object({ const: "c".repeat(120_000) }), /120001 characters/],
  ["120,000 characters", object({ const: "c".repeat(119_999) }), null],
])("%s are too many or not", (_what, schema, message) => {
  const faults = schemaFaults(schema);
  expect(faults.map((fault) => fault.message).join()).toMatch(message ?? /^$/);
});

test("an answer is checked against the whole schema", () => {
  const validate = outputValidator(object({ type: "string", format: "date", minLength: 3 }));
  expect(validate('{"x":"2026-11-23"}')).toEqual({ ok: true, value: { x: "2026-11-23" } });
  expect(validate('{"x":"soon"}')).toEqual({ ok: false, message: 'answer/x must match format "date"' });
  expect(validate('{"x":"a","y":1}')).toMatchObject({
    ok: false,
    message: expect.stringContaining(";") as string,
  });
  expect(validate("{")).toMatchObject({ ok: false, message: expect.stringMatching(/^is no JSON/) as string });
  expect(validate("")).toMatchObject({ ok: false });
});

test("an answer with many faults does not make a long message", () => {
  const validate = outputValidator({ type: "array", items: { type: "string" } });
  const answer = validate(JSON.stringify(Array.from({ length: 1000 }, () => 1)));
  expect(answer).toMatchObject({ ok: false, message: expect.stringMatching(/and 995 more$/) as string });
  expect(!answer.ok && answer.message.length).toBeLessThan(1_100);
});

test("a schema of draft-07 is read as draft-07", () => {
  const tuple = { $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: "string" }] };
  expect(outputValidator(tuple)("[1]")).toMatchObject({ ok: false });
});
