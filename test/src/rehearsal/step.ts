import type { Rehearsal } from "./rehearsal.ts";

/** One step of the rollout. */
export interface Step {
  readonly title: string;
  /** Does it, and says by `prove` what holds. */
  readonly run: (rehearsal: Rehearsal, prove: Prove) => Promise<void>;
}

/** Notes what was proven, in a sentence. @throws Disproved where it does not hold, with what was found */
export type Prove = (sentence: string, holds: boolean, found?: unknown) => void;

/** What a step is for does not hold. */
export class Disproved extends Error {
  override readonly name = "Disproved";

  constructor(sentence: string, found: unknown) {
    super(`does not hold: ${sentence}${found === undefined ? "" : ` (found: ${JSON.stringify(found)})`}`);
  }
}

/** A `prove` that keeps what it is told, and tells it on. */
export function provingTo(told: (sentence: string) => void): Prove {
  return (sentence, holds, found) => {
    if (!holds) throw new Disproved(sentence, found);
    told(sentence);
  };
}
