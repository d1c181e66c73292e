import { isObject } from "../isObject.ts";

/** https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations */
const UNSUPPORTED =
  "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength maxItems uniqueItems contains prefixItems minProperties maxProperties patternProperties propertyNames not if then else oneOf dependentRequired dependentSchemas".split(
    " ",
  );

/** What structured output refuses in a schema, or null. Recursion through `$ref` is refused as well. */
export function schemaFault(root: unknown): string | null {
  function faultOf(schema: unknown, place: string, above: readonly string[]): string | null {
    if (typeof schema === "boolean") return `${place}: schemas must be objects`;
    if (!isObject(schema)) return `${place}: schemas must be objects`;
    const reference = schema["$ref"];
    if (typeof reference === "string") {
      if (!reference.startsWith("#")) return `${place}: external references are not supported`;
      if (above.includes(reference)) return `${place}: recursive schemas are not supported`;
      const name = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(reference);
      const group = name && isObject(root) ? root[name[1] ?? ""] : undefined;
      const target = reference === "#" ? root : isObject(group) ? group[name?.[2] ?? ""] : undefined;
      if (target === undefined) return `${place}: '${reference}' cannot be resolved`;
      return faultOf(target, reference, [...above, reference]);
    }
    const wrong = UNSUPPORTED.find((keyword) => keyword in schema);
    if (wrong)
      return `${place}: For '${JSON.stringify(schema["type"])}' type, property '${wrong}' is not supported`;
    const least = schema["minItems"];
    if (least !== undefined && least !== 0 && least !== 1)
      return `${place}: For 'array' type, 'minItems' values other than 0 or 1 are not supported`;
    const types = [schema["type"]].flat();
    if (types.includes("object") && schema["additionalProperties"] !== false)
      return `${place}: For 'object' type, 'additionalProperties' must be explicitly set to false`;
    if (
      Array.isArray(schema["enum"]) &&
      schema["enum"].some((value) => typeof value === "object" && value !== null)
    )
      return `${place}: complex types within enums are not supported`;
    for (const [name, part] of Object.entries(isObject(schema["properties"]) ? schema["properties"] : {})) {
      const fault = faultOf(part, `${place}.properties.${name}`, above);
      if (fault) return fault;
    }
    for (const group of ["anyOf", "allOf"])
      for (const [index, part] of (Array.isArray(schema[group]) ? schema[group] : []).entries()) {
        const fault = faultOf(part, `${place}.${group}.${index}`, above);
        if (fault) return fault;
      }
    return schema["items"] === undefined ? null : faultOf(schema["items"], `${place}.items`, above);
  }
  return faultOf(root, "output_config.format.schema", ["#"]);
}
