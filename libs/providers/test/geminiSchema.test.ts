import { expect, test } from "vitest";
import { geminiDialect } from "../src/index.ts";

type Schema = Record<string, unknown>;

const dialect = geminiDialect();
const object = (property: unknown, more: Schema = {}): Schema => ({
  type: "object",
  properties: { x: property },
  required: ["x"],
  ...more,
});
const X = "output.schema.properties.x";
const sentOf = (schema: Schema): unknown => {
  const context = {
    model: "gemini-2.5-flash",
    endpoint: "generateContent",
    output: { type: "json_schema", name: "a", schema },
  } as const;
  const line = JSON.parse(dialect.encode({ key: "a", prompt: "x" }, context, "t")) as {
    request: { generationConfig: { responseJsonSchema: unknown } };
  };
  return line.request.generationConfig.responseJsonSchema;
};

test.each<[string, Schema]>([
  ["a plain object", object({ type: "string", description: "d", title: "t" })],
  ["an open object", object({ type: "object", additionalProperties: true })],
  ["a map", object({ type: "object", additionalProperties: { type: "integer" } })],
  ["a property that may be left out", object({ type: "null" }, { required: [] })],
  ["a nullable value", object({ type: ["string", "null"] })],
  ["an enum", object({ type: "string", enum: ["a", "b"] })],
  ["a tuple", object({ type: "array", prefixItems: [{ type: "string" }, { type: "number" }], minItems: 2 })],
  ["bounds", object({ type: "array", items: { type: "number", minimum: 0, maximum: 1 }, maxItems: 3 })],
  ["choices", object({ anyOf: [{ type: "null" }, { oneOf: [{ type: "string" }, { type: "integer" }] }] })],
  ["a date", object({ type: "string", format: "date" })],
  ["an array at the root", { type: "array", items: { type: "string" } }],
  ["a definition", object({ $ref: "#/$defs/y" }, { $defs: { y: { type: "boolean" } } })],
  ["an anchor", object({ $ref: "#y" }, { $defs: { y: { $anchor: "y", type: "boolean" } } })],
  ["a tree whose children may be left out", { type: "object", properties: { child: { $ref: "#" } } }],
  ["the order of properties", object({ type: "null" }, { propertyOrdering: ["x"] })],
  ["comments", object({ type: "string", default: "a", examples: ["b"], "x-unit": "m" }, { $comment: "c" })],
])("%s is taken", (_what, schema) => {
  expect(dialect.schemaFaults(schema)).toEqual([]);
});

test.each<[string, Schema, string[]]>([
  ["a type nobody knows", { type: "text" }, ["output.schema.type"]],
  ["a value that may be anything", object(true), [X]],
  ["a value without a type", object({ description: "d" }), [X]],
  ["an enum of other values", object({ enum: ["a", null] }), [`${X}.enum`]],
  ["a constant that is no text and no number", object({ const: true }), [`${X}.const`]],
  [
    "a tuple of draft-07",
    object(
      { type: "array", items: [{ type: "string" }] },
      { $schema: "http://json-schema.org/draft-07/schema#" },
    ),
    [`${X}.items`],
  ],
  ["a format nobody knows", object({ type: "string", format: "email" }), [`${X}.format`]],
  ["bounds that exclude", object({ type: "integer", exclusiveMinimum: 0 }), [`${X}.exclusiveMinimum`]],
  [
    "a pattern and lengths",
    object({ type: "string", pattern: "a", minLength: 1 }),
    [`${X}.pattern`, `${X}.minLength`],
  ],
  ["all of several", object({ allOf: [{ type: "string" }] }), [`${X}.allOf`, X]],
  ["what is not", object({ type: "string", not: { enum: ["a"] } }), [`${X}.not`]],
  [
    "definitions of draft-07",
    object({ $ref: "#/definitions/y" }, { definitions: { y: { type: "null" } } }),
    ["output.schema.definitions"],
  ],
  [
    "a constraint beside a reference",
    object({ $ref: "#/$defs/y", minimum: 1 }, { $defs: { y: { type: "number" } } }),
    [`${X}.minimum`],
  ],
  ["a reference outside", object({ $ref: "https://json-schema.org/draft/2020-12/schema" }), [`${X}.$ref`]],
  ["a value inside itself", object({ $ref: "#" }), [`${X}.$ref`]],
  [
    "a value inside itself by way of null",
    object({ anyOf: [{ type: "null" }, { $ref: "#" }] }),
    [`${X}.anyOf[1].$ref`],
  ],
  [
    "everything at once, deep inside",
    object(
      { type: "array", items: object({ type: "string", minLength: 1, format: "uuid" }) },
      { patternProperties: {} },
    ),
    [
      "output.schema.patternProperties",
      `${X}.items.properties.x.minLength`,
      `${X}.items.properties.x.format`,
    ],
  ],
])("%s is told, with its place", (_what, schema, paths) => {
  const faults = dialect.schemaFaults(schema);
  expect(faults.map(({ path }) => path)).toEqual(paths);
  for (const { message } of faults) expect(message).toMatch(/:|must/);
});

test("what Gemini has no word for is sent in words that it has, asking for the same answers", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      const: { const: "a", default: "a" },
      who: { $ref: "#/$defs/person", description: "the first one" },
      other: { $ref: "#/$defs/person" },
    },
    required: ["const"],
    $defs: { person: { type: "object", properties: { age: { type: "integer", examples: [3] } } } },
  };
  expect(dialect.schemaFaults(schema)).toEqual([]);
  expect(sentOf(schema)).toEqual({
    type: "object",
    properties: {
      const: { enum: ["a"] },
      who: { description: "the first one", anyOf: [{ $ref: "#/$defs/person" }] },
      other: { $ref: "#/$defs/person" },
    },
    required: ["const"],
    $defs: { person: { type: "object", properties: { age: { type: "integer" } } } },
  });
});
