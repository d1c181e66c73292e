import type { Fault } from "@granary/domain";
import { entriesOf, isSchema, typesOf } from "../eachSchema.ts";
import { subsetFaults, type Tell } from "../subsetFaults.ts";

type Schema = Readonly<Record<string, unknown>>;

/**
 * What structured output takes, and `oneOf`, which is sent as `anyOf`. Source:
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations, and the
 * SDK's own adaptation of schemas, which is stricter and goes before it.
 */
const KNOWN: ReadonlySet<string> = new Set(
  (
    "type enum const anyOf oneOf allOf $ref $defs title description properties required additionalProperties " +
    "items minItems format"
  ).split(" "),
);
const REMEDIES: Readonly<Record<string, string>> = {
  definitions: "move them to $defs, and the references with them",
  patternProperties: "name every property in properties",
  prefixItems: "use an object with a property for each place, or one schema in items",
  nullable: 'write "null" as a second type',
};
const FORMATS: ReadonlySet<string> = new Set(
  "date-time time date duration email hostname uri ipv4 ipv6 uuid".split(" "),
);
const SAYS_WHAT = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

/**
 * All that keeps a schema from Anthropic's structured output: first what makes it no JSON Schema, then what lies
 * outside the subset. Paths begin with `output.schema`; each message says what to do.
 */
export function schemaFaults(schema: Schema): readonly Fault[] {
  return subsetFaults(schema, {
    name: "Anthropic",
    known: KNOWN,
    remedies: REMEDIES,
    saysWhat: { keywords: SAYS_WHAT, missing: "a type, an enum, a const, anyOf or $ref" },
    round: {
      through: parts,
      message: "leads round to itself, which Anthropic does not take: write out as many levels as needed",
    },
    check,
  });
}

function check(schema: Schema, path: string, tell: Tell): void {
  if (
    (typesOf(schema).includes("object") || "properties" in schema) &&
    schema["additionalProperties"] !== false
  )
    tell(`${path}.additionalProperties`, "must be false on every object");
  if (Array.isArray(schema["items"]))
    tell(`${path}.items`, "must be one schema, not a list: use an object with a property for each place");
  if (typeof schema["minItems"] === "number" && schema["minItems"] > 1)
    tell(`${path}.minItems`, "must be 0 or 1 for Anthropic: remove it, and check it after the answer");
  if (typeof schema["format"] === "string" && !FORMATS.has(schema["format"]))
    tell(`${path}.format`, `is not supported by Anthropic: use one of ${[...FORMATS].join(", ")}`);
  if (schema["anyOf"] !== undefined && schema["oneOf"] !== undefined)
    tell(`${path}.oneOf`, "must not stand beside anyOf: write them as one");
  checkValues(schema, path, tell);
  if (Array.isArray(schema["allOf"]) && schema["allOf"].some((part) => isSchema(part) && "$ref" in part))
    tell(`${path}.allOf`, "must not hold a $ref: write its parts as one schema");
}

function checkValues(schema: Schema, path: string, tell: Tell): void {
  const values: readonly unknown[] = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  if (values.some(isComplex)) tell(`${path}.enum`, "must hold no objects and no lists: use anyOf");
  if (isComplex(schema["const"])) tell(`${path}.const`, "must be no object and no list: use properties");
}

function isComplex(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** All that a schema is made of. */
function parts(schema: Schema): readonly unknown[] {
  return [
    ...entriesOf(schema["properties"]).map(([, child]) => child),
    ...["anyOf", "oneOf", "allOf"].flatMap((keyword) =>
      Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : [],
    ),
    schema["items"],
  ];
}
