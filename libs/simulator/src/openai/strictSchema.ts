type Schema = Readonly<Record<string, unknown>>;

const FORBIDDEN = ["allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else", "oneOf"];
const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);
const MOST_DEEP = 10;
const MOST_PROPERTIES = 5_000;

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What strict structured output refuses in a schema, or null: a root that is no plain object, an object without
 * `additionalProperties: false` or with a property that is not required, keywords outside the subset, more than
 * 10 levels or 5,000 properties. https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function strictSchemaFault(root: unknown): string | null {
  let properties = 0;

  function faultOf(schema: unknown, context: readonly string[], depth: number): string | null {
    const place = `In context=(${context.map((part) => `'${part}'`).join(", ")})`;
    if (!isSchema(schema)) return `${place}, schema must be an object.`;
    if (depth > MOST_DEEP) return `${place}, schema is nested more than ${MOST_DEEP} levels deep.`;
    const forbidden = FORBIDDEN.find((keyword) => keyword in schema);
    if (forbidden) return `${place}, '${forbidden}' is not permitted.`;
    if (typeof schema["$ref"] === "string") return null;
    if (!["type", "anyOf", "enum", "const"].some((keyword) => keyword in schema))
      return `${place}, schema must have a 'type' key.`;
    const types = Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]];
    const unknown = "type" in schema && types.find((type) => !TYPES.has(type as string));
    if (unknown) return `${place}, '${String(unknown)}' is not valid under any of the given schemas.`;
    if (types.includes("object")) {
      const own = isSchema(schema["properties"]) ? schema["properties"] : {};
      if (schema["additionalProperties"] !== false)
        return `${place}, 'additionalProperties' is required to be supplied and to be false.`;
      const required = Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : [];
      const names = Object.keys(own);
      const loose = names.find((name) => !required.includes(name));
      if (loose !== undefined || !("required" in schema))
        return `${place}, 'required' is required to be supplied and to be an array including every key in properties.${loose === undefined ? "" : ` Missing '${loose}'.`}`;
      const extra = required.find((name) => !names.includes(name as string));
      if (extra !== undefined)
        return `${place}, 'required' names '${extra as string}', which is no property.`;
      properties += names.length;
      if (properties > MOST_PROPERTIES)
        return `${place}, schema has more than ${MOST_PROPERTIES} properties.`;
      for (const [name, property] of Object.entries(own)) {
        const fault = faultOf(property, [...context, "properties", name], depth + 1);
        if (fault) return fault;
      }
    }
    if (types.includes("array")) {
      if (!("items" in schema)) return `${place}, array schema missing items.`;
      const fault = faultOf(schema["items"], [...context, "items"], depth + 1);
      if (fault) return fault;
    }
    for (const [index, choice] of (Array.isArray(schema["anyOf"]) ? schema["anyOf"] : []).entries()) {
      const fault = faultOf(choice, [...context, "anyOf", String(index)], depth);
      if (fault) return fault;
    }
    for (const group of ["$defs", "definitions"])
      for (const [name, defined] of Object.entries(isSchema(schema[group]) ? schema[group] : {})) {
        const fault = faultOf(defined, [...context, group, name], depth);
        if (fault) return fault;
      }
    return null;
  }

  if (!isSchema(root)) return "In context=(), schema must be an object.";
  if (root["type"] !== "object")
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${(root["type"] as string | undefined) ?? "None"}"'.`;
  if ("anyOf" in root) return "In context=(), 'anyOf' is not permitted at the root.";
  return faultOf(root, [], 1);
}
