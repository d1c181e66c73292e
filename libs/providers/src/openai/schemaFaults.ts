import type { Fault } from "@granary/domain";
import { isComment } from "../commentless.ts";
import { jsonSchemaFaults } from "../jsonSchema.ts";
import { sizeFaults } from "./schemaSize.ts";

type Schema = Readonly<Record<string, unknown>>;
type Tell = (path: string, message: string) => void;

const ROOT = "output.schema";
/** What strict mode takes. Source: https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas */
const KNOWN: ReadonlySet<string> = new Set(
  (
    "type enum const anyOf $ref $defs definitions title description properties required additionalProperties " +
    "items minItems maxItems pattern format multipleOf minimum maximum exclusiveMinimum exclusiveMaximum"
  ).split(" "),
);
const REMEDIES: Readonly<Record<string, string>> = {
  oneOf: "use anyOf",
  allOf: "write its parts as one schema",
  patternProperties: "name every property in properties",
  prefixItems: "use an object with a property for each place, or one schema in items",
  nullable: 'write "null" as a second type',
};
const FORMATS: ReadonlySet<string> = new Set(
  "date-time time date duration email hostname ipv4 ipv6 uuid".split(" "),
);

/**
 * All that keeps a schema from OpenAI's strict structured output: first what makes it no JSON Schema, then what
 * lies outside the subset. Paths begin with `output.schema`; each message says what to do.
 */
export function schemaFaults(schema: Schema): readonly Fault[] {
  const invalid = jsonSchemaFaults(schema, ROOT);
  if (invalid.length > 0) return invalid;
  const faults: Fault[] = [];
  const tell: Tell = (path, message) => faults.push({ path, message });
  if (schema["anyOf"] !== undefined)
    tell(`${ROOT}.anyOf`, "must not stand at the root: put it under a property");
  else if (schema["type"] !== "object")
    tell(`${ROOT}.type`, 'must be "object" at the root: put the value under a property');
  check(schema, ROOT, tell);
  return [...faults, ...sizeFaults(schema, ROOT)];
}

function check(schema: unknown, path: string, tell: Tell): void {
  if (!isObject(schema)) {
    tell(path, "must say what the value is: give it a type, an enum, a const, anyOf or $ref");
    return;
  }
  for (const keyword of Object.keys(schema))
    if (!KNOWN.has(keyword) && !isComment(keyword))
      tell(
        `${path}.${keyword}`,
        `is not supported in strict output: ${REMEDIES[keyword] ?? "remove it, and check it after the answer"}`,
      );
  const types = typesOf(schema);
  if (types.length === 0 && !["enum", "const", "anyOf", "$ref"].some((keyword) => keyword in schema)) {
    // An empty root was told already.
    if (path !== ROOT) tell(path, "has no type: give it a type, an enum, a const, anyOf or $ref");
  }
  if (types.includes("object") || "properties" in schema) checkObject(schema, path, tell);
  if (types.includes("array") || "items" in schema) checkArray(schema, path, tell);
  if (typeof schema["format"] === "string" && !FORMATS.has(schema["format"]))
    tell(`${path}.format`, `is not supported in strict output: use one of ${[...FORMATS].join(", ")}`);
  if (typeof schema["$ref"] === "string" && !schema["$ref"].startsWith("#"))
    tell(`${path}.$ref`, "must stay inside the schema: put the definition under $defs");
  if (Array.isArray(schema["anyOf"]))
    for (const [at, option] of schema["anyOf"].entries()) check(option, `${path}.anyOf[${at}]`, tell);
  for (const keyword of ["$defs", "definitions"])
    for (const [name, definition] of entriesOf(schema[keyword]))
      check(definition, `${path}.${keyword}.${name}`, tell);
}

function checkObject(schema: Schema, path: string, tell: Tell): void {
  if (schema["additionalProperties"] !== false)
    tell(`${path}.additionalProperties`, "must be false on every object");
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  const properties = entriesOf(schema["properties"]);
  for (const [name, property] of properties) {
    const place = `${path}.properties.${name}`;
    if (!required.delete(name))
      tell(
        place,
        `must be in required: list it, and let its type be a union with "null" if it may be left out`,
      );
    check(property, place, tell);
  }
  for (const name of required)
    tell(`${path}.required`, `names ${JSON.stringify(name)}, which is no property`);
}

function checkArray(schema: Schema, path: string, tell: Tell): void {
  if (schema["items"] === undefined) tell(`${path}.items`, "is missing: say what the array holds");
  else if (Array.isArray(schema["items"])) tell(`${path}.items`, "must be one schema, not a list");
  else check(schema["items"], `${path}.items`, tell);
}

function typesOf({ type }: Schema): readonly unknown[] {
  if (Array.isArray(type)) return type;
  return type === undefined ? [] : [type];
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
