import type { Fault } from "@granary/domain";
import { entriesOf } from "../eachSchema.ts";
import { subsetFaults, type Tell } from "../subsetFaults.ts";

type Schema = Readonly<Record<string, unknown>>;

/** What `responseJsonSchema` takes, and `const`, which is sent as an `enum`. Source: https://ai.google.dev/api/generate-content#FIELDS.response_json_schema */
const KNOWN: ReadonlySet<string> = new Set(
  (
    "$defs $ref $anchor type format title description enum const items prefixItems minItems maxItems minimum " +
    "maximum anyOf oneOf properties additionalProperties propertyOrdering required"
  ).split(" "),
);
const REMEDIES: Readonly<Record<string, string>> = {
  allOf: "write its parts as one schema",
  definitions: "move them to $defs, and the references with them",
  patternProperties: "name every property in properties",
  exclusiveMinimum: "use minimum",
  exclusiveMaximum: "use maximum",
  nullable: 'write "null" as a second type',
};
/** Source: https://ai.google.dev/gemini-api/docs/structured-output#json_schema_support */
const FORMATS: ReadonlySet<string> = new Set(["date-time", "date", "time"]);
/** One of these says what a value is. */
const SAYS_WHAT = ["type", "enum", "const", "anyOf", "oneOf", "$ref", "properties", "items", "prefixItems"];

/**
 * All that keeps a schema from Gemini's structured output: first what makes it no JSON Schema, then what lies outside
 * the subset. Paths begin with `output.schema`; each message says what to do. `oneOf` is taken, though Gemini reads
 * it as `anyOf`: the answer is checked against it.
 */
export function schemaFaults(schema: Schema): readonly Fault[] {
  return subsetFaults(schema, {
    name: "Gemini",
    known: KNOWN,
    remedies: REMEDIES,
    saysWhat: { keywords: SAYS_WHAT, missing: "a type, an enum, anyOf or $ref" },
    round: {
      through: needed,
      message:
        "leads round to itself by required values alone, which Gemini does not take: take a property on the way out of required",
    },
    check,
  });
}

function check(schema: Schema, path: string, tell: Tell): void {
  if (Array.isArray(schema["items"]))
    tell(`${path}.items`, "must be one schema: use prefixItems for a tuple");
  if (typeof schema["format"] === "string" && !FORMATS.has(schema["format"]))
    tell(`${path}.format`, `is not supported by Gemini: use one of ${[...FORMATS].join(", ")}, or remove it`);
  for (const keyword of ["enum", "const"] as const) checkValues(schema, keyword, path, tell);
}

function checkValues(schema: Schema, keyword: "enum" | "const", path: string, tell: Tell): void {
  if (!(keyword in schema)) return;
  const values: unknown[] = keyword === "const" ? [schema["const"]] : (schema["enum"] as unknown[]);
  if (values.some((value) => typeof value !== "string" && typeof value !== "number"))
    tell(
      `${path}.${keyword}`,
      'is supported by Gemini for strings and numbers alone: use anyOf with {"type": "null"}, or the type boolean',
    );
}

/** What a value cannot be without. `null` as another choice does not count for Gemini. */
function needed(schema: Schema): readonly unknown[] {
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  return [
    ...entriesOf(schema["properties"]).flatMap(([name, child]) => (required.has(name) ? [child] : [])),
    ...["anyOf", "oneOf", "prefixItems"].flatMap((keyword) =>
      Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : [],
    ),
    schema["items"],
  ];
}
