import type { Fault } from "@granary/domain";
import { isComment } from "../commentless.ts";
import { eachSchema, entriesOf, isSchema, referred } from "../eachSchema.ts";
import { jsonSchemaFaults } from "../jsonSchema.ts";
import { onCircles } from "../onCircles.ts";

type Schema = Readonly<Record<string, unknown>>;
type Tell = (path: string, message: string) => void;

/** The whole that a schema stands in, and which of its schemas lead round to themselves. */
interface Around {
  readonly root: Schema;
  readonly circles: ReadonlySet<Schema>;
}

const ROOT = "output.schema";
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
  const invalid = jsonSchemaFaults(schema, ROOT);
  if (invalid.length > 0) return invalid;
  const faults: Fault[] = [];
  const tell: Tell = (path, message) => faults.push({ path, message });
  const around: Around = { root: schema, circles: onCircles(schema, needed) };
  for (const [at, path] of eachSchema(schema, ROOT)) check(at, path, around, tell);
  return faults;
}

function check(schema: unknown, path: string, around: Around, tell: Tell): void {
  if (!isSchema(schema)) {
    if (!path.endsWith(".additionalProperties")) tell(path, "must say what the value is: give it a type");
    return;
  }
  for (const keyword of Object.keys(schema))
    if (!KNOWN.has(keyword) && !isComment(keyword))
      tell(
        `${path}.${keyword}`,
        `is not supported by Gemini: ${REMEDIES[keyword] ?? "remove it, and check it after the answer"}`,
      );
  if (!SAYS_WHAT.some((keyword) => keyword in schema))
    tell(path, "must say what the value is: give it a type, an enum, anyOf or $ref");
  if (Array.isArray(schema["items"]))
    tell(`${path}.items`, "must be one schema: use prefixItems for a tuple");
  if (typeof schema["format"] === "string" && !FORMATS.has(schema["format"]))
    tell(`${path}.format`, `is not supported by Gemini: use one of ${[...FORMATS].join(", ")}, or remove it`);
  for (const keyword of ["enum", "const"] as const) checkValues(schema, keyword, path, tell);
  if (typeof schema["$ref"] === "string") checkReference(schema, schema["$ref"], path, around, tell);
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

function checkReference(
  schema: Schema,
  reference: string,
  path: string,
  { root, circles }: Around,
  tell: Tell,
): void {
  if (referred(reference, root) === undefined) {
    tell(`${path}.$ref`, "must stay inside the schema: put the definition under $defs");
    return;
  }
  for (const keyword of Object.keys(schema))
    if (!keyword.startsWith("$") && !isComment(keyword) && keyword !== "title" && keyword !== "description")
      tell(`${path}.${keyword}`, "must not stand beside $ref: move it into the definition");
  if (circles.has(schema))
    tell(
      `${path}.$ref`,
      "leads round to itself by required values alone, which Gemini does not take: take a property on the way out of required",
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
