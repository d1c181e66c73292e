import { ajvFor } from "./jsonSchema.ts";

/** Whether an answer is what was asked for. */
export type Validated =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

const MOST_ERRORS = 5;

/**
 * Compiles a schema into a check of answers. Compiling takes milliseconds: keep the validator for all answers of
 * one schema. Throws where the schema is none (`schemaFaults` of a dialect says what is wrong with it); the
 * check itself never throws.
 */
export function outputValidator(schema: Readonly<Record<string, unknown>>): (text: string) => Validated {
  const ajv = ajvFor(schema);
  const validate = ajv.compile(schema);
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return { ok: false, message: `is no JSON: ${(error as Error).message.slice(0, 300)}` };
    }
    if (validate(value)) return { ok: true, value };
    const errors = validate.errors ?? [];
    const more = errors.length > MOST_ERRORS ? `, and ${errors.length - MOST_ERRORS} more` : "";
    const told = ajv.errorsText(errors.slice(0, MOST_ERRORS), { dataVar: "answer", separator: "; " });
    return { ok: false, message: `${told.slice(0, 1000)}${more}` };
  };
}
