import { InvalidArgumentError } from "commander";

const FORM = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** An option's instant, in epoch milliseconds: a UTC day stands for its beginning, a time names its zone. */
export function instantOption(text: string): number {
  const [, day] = FORM.exec(text) ?? [];
  const at = Date.parse(text);
  // A day that no month has would be taken for one of the next month.
  const begins = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(at) || Number.isNaN(begins) || new Date(begins).toISOString().slice(0, 10) !== day)
    throw new InvalidArgumentError(
      "It is no UTC day such as 2026-01-31, and no instant such as 2026-01-31T12:00:00Z.",
    );
  return at;
}
