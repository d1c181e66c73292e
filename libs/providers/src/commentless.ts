type Schema = Readonly<Record<string, unknown>>;

/** Keywords that only comment: no answer is right or wrong because of them, and providers refuse some. */
const COMMENTS: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "$comment",
  "default",
  "deprecated",
  "examples",
  "readOnly",
  "writeOnly",
]);

/** Whether a keyword is left out of what is sent. */
export function isComment(keyword: string): boolean {
  return COMMENTS.has(keyword) || keyword.startsWith("x-");
}

/** The schema without keywords that only comment. It asks for exactly the same answers. */
export function commentless(schema: Schema): Schema {
  return withoutComments(schema) as Schema;
}

/** An adaptation of schemas that answers with the same object for the same schema, because every line of a request sends it. */
export function remembered(adapt: (schema: Schema) => Schema): (schema: Schema) => Schema {
  const known = new WeakMap<Schema, Schema>();
  return (schema) => {
    const before = known.get(schema);
    if (before) return before;
    const sent = adapt(schema);
    known.set(schema, sent);
    return sent;
  };
}

function withoutComments(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutComments);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
      if (isComment(keyword)) return [];
      switch (keyword) {
        // These hold data, not schemas.
        case "enum":
        case "const":
        case "required":
          return [[keyword, value]];
        // These hold schemas by the caller's own names, which may well be called `default`.
        case "properties":
        case "$defs":
        case "definitions":
          return [[keyword, byName(value)]];
        default:
          return [[keyword, withoutComments(value)]];
      }
    }),
  );
}

function byName(schemas: unknown): unknown {
  if (typeof schemas !== "object" || schemas === null) return schemas;
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutComments(schema)]));
}
