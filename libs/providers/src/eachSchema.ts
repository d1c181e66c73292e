type Schema = Readonly<Record<string, unknown>>;

/** Keywords under which schemas stand by name, in a list, or alone. */
const BY_NAME = ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];
const SINGLE = ["items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"];

/**
 * Every schema in a schema with its path, itself first. `true` and `false` are schemas too, and handed over as
 * they stand.
 */
export function* eachSchema(schema: unknown, path: string): Generator<readonly [unknown, string]> {
  yield [schema, path];
  if (!isSchema(schema)) return;
  for (const keyword of BY_NAME)
    for (const [name, child] of entriesOf(schema[keyword]))
      yield* eachSchema(child, `${path}.${keyword}.${name}`);
  for (const keyword of LISTS) {
    const children = schema[keyword];
    if (Array.isArray(children))
      for (const [at, child] of children.entries()) yield* eachSchema(child, `${path}.${keyword}[${at}]`);
  }
  for (const keyword of SINGLE)
    if (schema[keyword] !== undefined && !Array.isArray(schema[keyword]))
      yield* eachSchema(schema[keyword], `${path}.${keyword}`);
}

/** A schema with keywords, neither `true` nor `false`. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands in an object; nothing where there is none. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isSchema(value) ? Object.entries(value) : [];
}

/** The types a schema names. */
export function typesOf({ type }: Schema): readonly unknown[] {
  if (Array.isArray(type)) return type;
  return type === undefined ? [] : [type];
}

/** The schema that a reference inside `root` leads to: `#`, a JSON pointer, or an anchor. Undefined where it leads out. */
export function referred(reference: string, root: Schema): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) {
    for (const [schema] of eachSchema(root, ""))
      if (isSchema(schema) && reference === `#${String(schema["$anchor"])}`) return schema;
    return undefined;
  }
  let at: unknown = root;
  for (const part of decodeURIComponent(reference).split("/").slice(1))
    at = (at as Record<string, unknown> | undefined)?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  return at;
}

/** Whether a way of schemas leads from one to another: `next` gives those one step on, references are followed. */
export function leadsTo(
  from: unknown,
  wanted: Schema,
  root: Schema,
  next: (schema: Schema) => readonly unknown[],
): boolean {
  const seen = new Set<unknown>();
  const open = [from];
  while (open.length > 0) {
    const at = open.pop();
    if (at === wanted) return true;
    if (!isSchema(at) || seen.has(at)) continue;
    seen.add(at);
    open.push(...next(at));
    if (typeof at["$ref"] === "string") open.push(referred(at["$ref"], root));
  }
  return false;
}
