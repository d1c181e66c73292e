/**
 * What free-form values look like in the database. A caller's keys may hold `$`, dots, nothing at all or `__proto__`,
 * none of which a field name may be trusted with: values of any shape are kept as JSON text, and maps that are keyed
 * by a source, a model or a scope as lists. Everything else is a field an operator can ask for.
 */

/** A value of any shape as text; what JSON leaves out is left out. */
export function toText(value: unknown): string {
  return JSON.stringify(value);
}

/** The value in a text. */
export function fromText(text: unknown): unknown {
  return JSON.parse(String(text));
}

/** A map as a list whose entries hold their key in `name`. */
export function toList<T extends object>(
  name: string,
  map: Readonly<Record<string, T>>,
): readonly Record<string, unknown>[] {
  return Object.entries(map).map(([key, entry]) => ({ [name]: key, ...entry }));
}

/** The map in a list. */
export function fromList<T>(name: string, list: unknown): Readonly<Record<string, T>> {
  const entries = list as readonly Record<string, unknown>[];
  return Object.fromEntries(entries.map(({ [name]: key, ...entry }) => [String(key), entry as T] as const));
}

/** Inline values as text, a reference to a file as it is. */
export function toInline(value: object | null): object | null {
  return value && "inline" in value ? { inline: toText(value.inline) } : value;
}

/** The other way round. */
export function fromInline(value: unknown): unknown {
  const held = value as { readonly inline?: string } | null;
  return held?.inline === undefined ? held : { inline: fromText(held.inline) };
}
