import { expect, test } from "vitest";
import { z } from "zod";
import { seededNumbers } from "../seeded.ts";
import { patternString } from "./patternString.ts";
import { schemaInstance } from "./schemaInstance.ts";

test.each([
  ["bounds", { type: "integer", minimum: 3, maximum: 5 }],
  ["exclusive bounds", { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }],
  ["multiples", { type: "integer", minimum: 10, multipleOf: 7, maximum: 100 }],
  ["lengths", { type: "string", minLength: 30, maxLength: 32 }],
  ["a pattern", { type: "string", pattern: "^[A-Z]{2}-\\d{4}(a|b)?$" }],
  ["numbers of items", { type: "array", items: { type: "boolean" }, minItems: 2, maxItems: 4 }],
  ["constants", { type: "object", properties: { kind: { const: "x" } }, required: ["kind"] }],
  ["several types", { type: ["string", "null"] }],
  ["anyOf", { anyOf: [{ type: "string" }, { type: "array", items: { type: "integer" } }] }],
  [
    "allOf",
    {
      allOf: [
        { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
        { type: "object", properties: { b: { type: "number" } }, required: ["b"] },
      ],
    },
  ],
  ["an e-mail address", { type: "string", format: "email" }],
  ["an instant", { type: "string", format: "date-time" }],
  ["a uuid", { type: "string", format: "uuid" }],
  ["an address", { type: "string", format: "ipv4" }],
])("an instance respects %s", (_, schema) => {
  const known = z.fromJSONSchema(schema as never);
  for (let seed = 0; seed < 100; seed++) {
    const made = schemaInstance(schema, seededNumbers(`${seed}`));
    expect(known.safeParse(made).error, `seed ${seed}: ${JSON.stringify(made)}`).toBeUndefined();
  }
});

test("a schema that contains itself comes to an end", () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string" }, next: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
    required: ["name", "next"],
    additionalProperties: false,
  };
  for (let seed = 0; seed < 200; seed++) {
    const made = schemaInstance(schema, seededNumbers(`${seed}`));
    expect(made).toMatchObject({ name: expect.any(String) });
  }
});

test.each(["\\w+@\\w+\\.com", "[^a-z]{3}", "(?:foo|bar)+", "x?y*z", "\\d{2,4}", ".{5}", "[a-c\\d-]+"])(
  "a string fits %s",
  (pattern) => {
    for (let seed = 0; seed < 100; seed++)
      expect(patternString(pattern, seededNumbers(`${seed}`))).toMatch(new RegExp(`^(?:${pattern})$`));
  },
);
