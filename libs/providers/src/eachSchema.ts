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
  for (const [child, step] of standingIn(schema)) yield* eachSchema(child, `${path}${step}`);
}

/** The schemas that stand in one, one step down. */
export function directSchemas(schema: Schema): readonly unknown[] {
  return [...standingIn(schema)].map(([child]) => child);
}

function* standingIn(schema: Schema): Generator<readonly [unknown, string]> {
  for (const keyword of BY_NAME)
    for (const [name, child] of entriesOf(schema[keyword])) yield [child, `.${keyword}.${name}`];
  for (const keyword of LISTS) {
    const children = schema[keyword];
    if (Array.isArray(children))
      for (const [at, child] of children.entries()) yield [child, `.${keyword}[${at}]`];
  }
  for (const keyword of SINGLE)
    if (schema[keyword] !== undefined && !Array.isArray(schema[keyword]))
      yield [schema[keyword], `.${keyword}`];
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

/** Anchors by schema: finding one anew for each reference would take the square of the schema's size. */
const anchors = new WeakMap<Schema, ReadonlyMap<string, unknown>>();

/** The schema that a reference inside `root` leads to: `#`, a JSON pointer, or an anchor. Undefined where it leads out. */
export function referred(reference: string, root: Schema): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return anchorsOf(root).get(reference);
  let at: unknown = root;
  for (const part of pointerOf(reference)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function anchorsOf(root: Schema): ReadonlyMap<string, unknown> {
  let found = anchors.get(root);
  if (!found) {
    const named = [...eachSchema(root, "")].flatMap(([schema]) =>
      isSchema(schema) && typeof schema["$anchor"] === "string"
        ? [[`#${schema["$anchor"]}`, schema] as const]
        : [],
    );
    // The first of two wins.
    found = new Map(named.toReversed());
    anchors.set(root, found);
  }
  return found;
}

function pointerOf(reference: string): readonly string[] {
  try {
    return decodeURIComponent(reference).split("/").slice(1);
  } catch {
    // Leads nowhere, as no member has a name that cannot be written.
    return [reference];
  }
}
