import { adaptSchema } from "../adaptSchema.ts";
import { commentless, remembered } from "../commentless.ts";

/**
 * The schema as it is sent: without keywords that only comment, and a `const` as an `enum` of one, for which Gemini
 * has a word. It asks for exactly the same answers. The same object for the same schema.
 */
export const sentSchema = remembered((schema) =>
  adaptSchema(commentless(schema), { const: (value) => ["enum", [value]] }),
);
