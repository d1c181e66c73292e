import { z } from "zod";

/** Fields that are known, by the path of the object they stand in; a step with `[]` behind it means each element. */
export type KnownFields = readonly { readonly path: string; readonly names: ReadonlySet<string> }[];

/** Known fields, as `{ "": "id error", "error": "code message" }`: names with spaces between them. */
export function knownFields(byPath: Readonly<Record<string, string>>): KnownFields {
  return Object.entries(byPath).map(([path, names]) => ({ path, names: new Set(names.split(" ")) }));
}

/**
 * Paths of the fields that are there and are not known, each once; only objects whose fields are listed are looked
 * into. The names are foreign text of any length.
 */
export function driftOf(value: unknown, known: KnownFields): readonly string[] {
  const strange = new Set<string>();
  for (const { path, names } of known)
    for (const object of objectsAt(value, path))
      for (const name of Object.keys(object))
        if (!names.has(name)) strange.add(path === "" ? name : `${path}.${name}`);
  return [...strange];
}

/** The same of a line of JSON; nothing is told of a line that is none. */
export function driftOfLine(text: string, knownOf: (line: unknown) => KnownFields): readonly string[] {
  let line: unknown;
  try {
    line = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch {
    return [];
  }
  return driftOf(line, knownOf(line));
}

const BYTE_ORDER_MARK = "\uFEFF";

/** A schema that reads what it did, and also says as `drift` which fields of the object are not known. */
export function noticing<T extends object>(
  schema: z.ZodType<T>,
  known: KnownFields,
): z.ZodType<T & { readonly drift?: readonly string[] }> {
  return z.unknown().transform((value, context) => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      for (const { path, message } of parsed.error.issues)
        context.addIssue({ code: "custom", path: [...path], message });
      return z.NEVER;
    }
    const drift = driftOf(value, known);
    return drift.length > 0 ? { ...parsed.data, drift } : parsed.data;
  });
}

function objectsAt(value: unknown, path: string): readonly object[] {
  let found: readonly unknown[] = [value];
  for (const step of path === "" ? [] : path.split(".")) {
    const name = step.replace(/\[\]$/, "");
    const below = found.flatMap((each) => (isObject(each) && Object.hasOwn(each, name) ? [each[name]] : []));
    found = step === name ? below : below.flatMap((each): unknown[] => (Array.isArray(each) ? each : []));
  }
  return found.filter(isObject);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
