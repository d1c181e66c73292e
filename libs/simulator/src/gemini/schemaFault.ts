import { isObject } from "../isObject.ts";

/** https://ai.google.dev/gemini-api/docs/structured-output, and `responseJsonSchema` in the official SDK's types */
const KEYWORDS = new Set(
  "$id $defs $ref $anchor $schema type format title description enum items prefixItems minItems maxItems minimum maximum anyOf oneOf properties additionalProperties required propertyOrdering".split(
    " ",
  ),
);
const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

/** What the API refuses in a `responseJsonSchema`, or null: a keyword or type outside its subset, or no schema. */
export function schemaFault(schema: unknown, place: string): string | null {
  if (typeof schema === "boolean") return null;
  if (!isObject(schema)) return `${place}: must be an object.`;
  const unknown = Object.keys(schema).find((keyword) => !KEYWORDS.has(keyword));
  if (unknown !== undefined) return `${place}: the keyword '${unknown}' is not supported.`;
  if ("$ref" in schema) {
    const beside = Object.keys(schema).find((keyword) => !keyword.startsWith("$"));
    return beside === undefined ? null : `${place}: '${beside}' may not stand beside '$ref'.`;
  }
  const types = schema["type"] === undefined ? [] : [schema["type"]].flat();
  const strange = types.find((type) => !TYPES.has(type as string));
  if (strange !== undefined) return `${place}.type: ${JSON.stringify(strange)} is no type.`;
  for (const group of ["properties", "$defs"])
    for (const [name, part] of Object.entries(isObject(schema[group]) ? schema[group] : {})) {
      const fault = schemaFault(part, `${place}.${group}[${name}]`);
      if (fault) return fault;
    }
  for (const group of ["anyOf", "oneOf", "prefixItems"])
    for (const [index, part] of (Array.isArray(schema[group]) ? schema[group] : []).entries()) {
      const fault = schemaFault(part, `${place}.${group}[${index}]`);
      if (fault) return fault;
    }
  for (const part of ["items", "additionalProperties"])
    if (schema[part] !== undefined) {
      const fault = schemaFault(schema[part], `${place}.${part}`);
      if (fault) return fault;
    }
  return null;
}
