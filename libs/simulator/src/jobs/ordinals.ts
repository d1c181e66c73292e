/** Counts the jobs of a folder, over all providers. */
export interface Ordinals {
  next(): number;
  /** Takes up what an earlier process counted. */
  remember(ordinal: number): void;
}

/** A count that begins at 1. */
export function ordinals(): Ordinals {
  let last = 0;
  return {
    next: () => (last += 1),
    remember(ordinal) {
      last = Math.max(last, ordinal);
    },
  };
}
