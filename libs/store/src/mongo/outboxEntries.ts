import type { Fact } from "@granary/domain";

/** A fact as it waits in its document. */
export interface OutboxEntry {
  readonly id: string;
  /** When it was written, in milliseconds, with a fraction that keeps the order of one millisecond's facts. */
  readonly at: number;
  /** The fact as JSON: its data hold a caller's metadata. */
  readonly fact: string;
}

/** The finest step a number of this size can take for certain. */
const STEP_MS = 1 / 1024;

/** Stamps facts so that those written by this process one after another also leave one after another. */
export function outboxStamps(): (facts: readonly Fact[], at: number) => readonly OutboxEntry[] {
  let last = 0;
  return (facts, at) =>
    facts.map((fact) => {
      last = Math.max(at, last + STEP_MS);
      return { id: fact.id, at: last, fact: JSON.stringify(fact) };
    });
}

/** Since when a document has had facts to tell. Missing where it has none: so the index holds only those that do. */
export function firstOf([first]: readonly OutboxEntry[]): { readonly toldAt?: number } {
  return first ? { toldAt: first.at } : {};
}
