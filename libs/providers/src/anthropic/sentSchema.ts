import { adaptSchema } from "../adaptSchema.ts";
import { commentless, remembered } from "../commentless.ts";

/**
 * The schema as it is sent: without keywords that only comment, and `oneOf` as `anyOf`, for which Anthropic has a
 * word, as its own SDK does; the answer is checked against the schema itself. The same object for the same schema.
 */
export const sentSchema = remembered((schema) =>
  adaptSchema(commentless(schema), { oneOf: (value) => ["anyOf", value] }),
);
