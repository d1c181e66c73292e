import type { Random } from "./random.ts";

/** What befalls the whole of a world rather than one call or one process; drawn apart, so that it can be added to. */
export interface Weather {
  /** The store is put back to an older copy once: made at the first of these turns, put back at or after the second. */
  readonly restore: { readonly copyTurn: number; readonly restoreTurn: number } | null;
  /** The key is refused from one turn to the other, and then it is good again. */
  readonly keyRefused: { readonly fromTurn: number; readonly toTurn: number } | null;
  /** Uploaded files are about to expire when they arrive, so that those that wait are uploaded anew. */
  readonly shortFiles: boolean;
  /** Listings lag for longer than several passes and shorter than the quiet period, where nothing else would help. */
  readonly slowListings: boolean;
  /** A job may be denied, once, for so long: in a row, though it runs on. */
  readonly denialMs: number;
}

/** Draws the weather of a time of faults that is so many turns long. */
export function drawWeather(chance: Random, chaosTurns: number): Weather {
  const part = (from: number, width: number): number =>
    Math.floor(chaosTurns * from) + chance.below(Math.max(1, Math.floor(chaosTurns * width)));
  const restored = chance.chance(0.15);
  const copyTurn = part(0.1, 0.4);
  const restoreTurn = copyTurn + part(0.1, 0.3);
  const refused = chance.chance(0.2);
  const fromTurn = part(0.1, 0.4);
  const toTurn = fromTurn + part(0.05, 0.2);
  return {
    restore: restored ? { copyTurn, restoreTurn } : null,
    keyRefused: refused ? { fromTurn, toTurn } : null,
    shortFiles: chance.chance(0.2),
    slowListings: chance.chance(0.5),
    denialMs: chance.chance(0.5) ? 1_000 + chance.below(2_000) : 0,
  };
}
