import { isSchema } from "./eachSchema.ts";

type Schema = Readonly<Record<string, unknown>>;
/** Another keyword, with its value, for one that a provider has no word for. */
type Renaming = Readonly<Record<string, (value: unknown) => readonly [string, unknown]>>;

/** Keywords that may stand beside a reference without asking for anything. */
const SAYING: ReadonlySet<string> = new Set(["title", "description"]);
/** These hold data, not schemas. */
const DATA: ReadonlySet<string> = new Set(["enum", "const", "required", "propertyOrdering"]);
/** These hold schemas by the caller's own names. */
const BY_NAME: ReadonlySet<string> = new Set(["properties", "$defs", "definitions"]);

/**
 * A schema in words that a provider has. A reference that is described stands alone in an `anyOf`, because providers
 * let nothing stand beside it, and means the same there.
 */
export function adaptSchema(schema: Schema, renaming: Renaming): Schema {
  return adapted(schema, renaming) as Schema;
}

function adapted(schema: unknown, renaming: Renaming): unknown {
  if (Array.isArray(schema)) return schema.map((child) => adapted(child, renaming));
  if (!isSchema(schema)) return schema;
  const sent: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    const [name, renamed] = renaming[keyword]?.(value) ?? [keyword, value];
    sent[name] = DATA.has(name)
      ? renamed
      : BY_NAME.has(name) && isSchema(renamed)
        ? Object.fromEntries(Object.entries(renamed).map(([key, child]) => [key, adapted(child, renaming)]))
        : adapted(renamed, renaming);
  }
  const { $ref, ...beside } = sent;
  const isDescribed = $ref !== undefined && Object.keys(beside).some((keyword) => SAYING.has(keyword));
  return isDescribed ? { ...beside, anyOf: [{ $ref }] } : sent;
}
