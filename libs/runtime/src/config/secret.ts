import { inspect } from "node:util";

/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/** A value that shows itself only when asked by name: printed, logged or turned to JSON it is `[redacted]`. */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

const hidden = (): string => REDACTED;

/** Wraps a value; it is kept in a closure, so no property holds it. */
export function secretOf(value: string): Secret {
  return Object.freeze({ reveal: () => value, toString: hidden, toJSON: hidden, [inspect.custom]: hidden });
}
