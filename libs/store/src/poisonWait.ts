const POISON_STRIKES = 5;
const SHORTEST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;

/**
 * How long a document waits, from a claim that is its `strikes`th without an orderly end, in milliseconds; null where
 * it need not wait. One that kills its worker must wait even if no worker lives long enough to postpone it.
 */
export function poisonWaitMs(strikes: number): number | null {
  if (strikes <= POISON_STRIKES) return null;
  return Math.min(SHORTEST_WAIT_MS * 2 ** (strikes - POISON_STRIKES - 1), LONGEST_WAIT_MS);
}
