import { isShallow, TOO_DEEP } from "@granary/domain";
import { TookTooLong, withinTime } from "./boundedTime.ts";
import { ajvFor } from "./jsonSchema.ts";
import { paceOf } from "./paceOf.ts";

/** Whether an answer is what was asked for. */
export type Validated =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

const MOST_ERRORS = 5;
/** A check of one answer takes microseconds; nothing that anybody wants to know takes this long. */
const MOST_MS = 2_000;
/** Beyond it even a plain pattern may take long. */
const LONG_ANSWER = 10_000;

/**
 * Compiles a schema into a check of answers. Compiling takes milliseconds: keep the validator for all answers of
 * one schema. Throws where the schema is none (`schemaFaults` of a dialect says what is wrong with it); the
 * check itself never throws, and ends: an answer that cannot be checked in `mostMs` is not what was asked for.
 */
export function outputValidator(
  schema: Readonly<Record<string, unknown>>,
  { mostMs = MOST_MS }: { readonly mostMs?: number } = {},
): (text: string) => Validated {
  const ajv = ajvFor(schema);
  const validate = ajv.compile(schema);
  const pace = paceOf(schema);
  const check = (value: unknown, isLong: boolean): boolean =>
    pace === "slow" || (pace === "square" && isLong)
      ? withinTime(() => validate(value), mostMs)
      : validate(value);
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return { ok: false, message: `is no JSON: ${(error as Error).message.slice(0, 300)}` };
    }
    if (!isShallow(value)) return { ok: false, message: TOO_DEEP };
    try {
      if (check(value, text.length > LONG_ANSWER)) return { ok: true, value };
    } catch (error) {
      // Out of stack, or of time: the schema asks for more than can be looked at.
      if (!(error instanceof RangeError || error instanceof TookTooLong)) throw error;
      return { ok: false, message: `cannot be checked against the schema: ${error.message}` };
    }
    const errors = validate.errors ?? [];
    const more = errors.length > MOST_ERRORS ? `, and ${errors.length - MOST_ERRORS} more` : "";
    const told = ajv.errorsText(errors.slice(0, MOST_ERRORS), { dataVar: "answer", separator: "; " });
    return { ok: false, message: `${told.slice(0, 1000)}${more}` };
  };
}
