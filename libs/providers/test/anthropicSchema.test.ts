import { expect, test } from "vitest";
import { anthropicDialect } from "../src/index.ts";

type Schema = Record<string, unknown>;

const dialect = anthropicDialect();
const object = (property: unknown, more: Schema = {}): Schema => ({
  type: "object",
  properties: { x: property },
  required: ["x"],
  additionalProperties: false,
  ...more,
});
const X = "output.schema.properties.x";

test.each<[string, Schema]>([
  ["a plain object", object({ type: "string", description: "d", title: "t" })],
  ["a property that may be left out", object({ type: "null" }, { required: [] })],
  ["a nullable value", object({ type: ["string", "null"] })],
  [
    "an enum of simple values, and a constant",
    object({ anyOf: [{ enum: ["a", 1, null, true] }, { const: "b" }] }),
  ],
  ["all of several", object({ allOf: [{ type: "string" }] })],
  ["one of several", object({ oneOf: [{ type: "string" }, { type: "integer" }] })],
  ["an array that is not empty", object({ type: "array", items: { type: "number" }, minItems: 1 })],
  ["a format", object({ type: "string", format: "email" })],
  ["a definition", object({ $ref: "#/$defs/y" }, { $defs: { y: object({ type: "boolean" }) } })],
  ["an array at the root", { type: "array", items: { type: "string" } }],
  ["comments", object({ type: "string", default: "a", examples: ["b"], "x-unit": "m" }, { $comment: "c" })],
])("%s is taken", (_what, schema) => {
  expect(dialect.schemaFaults(schema)).toEqual([]);
});

test.each<[string, Schema, string[]]>([
  ["a type nobody knows", { type: "text" }, ["output.schema.type"]],
  ["an open object", object({ type: "object", properties: {} }), [`${X}.additionalProperties`]],
  [
    "a map",
    object({ type: "object", additionalProperties: { type: "integer" } }),
    [`${X}.additionalProperties`],
  ],
  ["a value that may be anything", object(true), [X]],
  ["a value without a type", object({ description: "d" }), [X]],
  [
    "bounds of a number",
    object({ type: "integer", minimum: 0, multipleOf: 2 }),
    [`${X}.minimum`, `${X}.multipleOf`],
  ],
  [
    "bounds of a text",
    object({ type: "string", minLength: 1, pattern: "a" }),
    [`${X}.minLength`, `${X}.pattern`],
  ],
  [
    "bounds of a list",
    object({ type: "array", items: { type: "null" }, minItems: 2, maxItems: 3 }),
    [`${X}.maxItems`, `${X}.minItems`],
  ],
  ["a format nobody knows", object({ type: "string", format: "regex" }), [`${X}.format`]],
  ["an enum of objects", object({ enum: [{ a: 1 }] }), [`${X}.enum`]],
  ["a constant that is a list", object({ const: [1] }), [`${X}.const`]],
  ["a tuple", object({ type: "array", prefixItems: [{ type: "string" }] }), [`${X}.prefixItems`]],
  [
    "a tuple of draft-07",
    object(
      { type: "array", items: [{ type: "string" }] },
      { $schema: "http://json-schema.org/draft-07/schema#" },
    ),
    [`${X}.items`],
  ],
  ["two kinds of choice", object({ anyOf: [{ type: "null" }], oneOf: [{ type: "null" }] }), [`${X}.oneOf`]],
  [
    "a reference among several",
    object({ allOf: [{ $ref: "#/$defs/y" }] }, { $defs: { y: { type: "null" } } }),
    [`${X}.allOf`],
  ],
  [
    "a constraint beside a reference",
    object({ $ref: "#/$defs/y", enum: ["a"] }, { $defs: { y: { type: "string" } } }),
    [`${X}.enum`],
  ],
  ["a reference outside", object({ $ref: "https://json-schema.org/draft/2020-12/schema" }), [`${X}.$ref`]],
  ["a tree, though its children may be left out", object({ $ref: "#" }, { required: [] }), [`${X}.$ref`]],
  [
    "everything at once, deep inside",
    object(
      { type: "array", items: object({ type: "string", minLength: 1 }, { additionalProperties: true }) },
      { patternProperties: {} },
    ),
    [
      "output.schema.patternProperties",
      `${X}.items.additionalProperties`,
      `${X}.items.properties.x.minLength`,
    ],
  ],
])("%s is told, with its place", (_what, schema, paths) => {
  const faults = dialect.schemaFaults(schema);
  expect(faults.map(({ path }) => path)).toEqual(paths);
  for (const { message } of faults) expect(message).toMatch(/:|must/);
});

test("a schema is sent without comments, its choices as anyOf, its described references by themselves", () => {
  const schema = object(
    {
      oneOf: [
        { type: "string", default: "a" },
        { $ref: "#/$defs/y", description: "d" },
      ],
    },
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $defs: { y: { type: "integer", examples: [1] } },
    },
  );
  expect(dialect.schemaFaults(schema)).toEqual([]);
  const context = {
    model: "m",
    endpoint: "/v1/messages",
    output: { type: "json_schema", name: "a", schema },
  } as const;
  expect(JSON.parse(dialect.encode({ key: "a", prompt: "x" }, context, "t"))).toMatchObject({
    params: {
      output_config: {
        format: {
          schema: object(
            { anyOf: [{ type: "string" }, { description: "d", anyOf: [{ $ref: "#/$defs/y" }] }] },
            { $defs: { y: { type: "integer" } } },
          ),
        },
      },
    },
  });
});
