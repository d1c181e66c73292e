/**
 * A 53-bit hash of text: fast, stable over runs and machines, not cryptographic. Everything the simulator
 * chooses comes from it, so that a run is a function of its seed and not of timing.
 */
export function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** A number in [0, 1) that depends on the text alone. */
export function unitOf(text: string): number {
  return hash53(text) / 2 ** 53;
}

/** 26 hex digits that depend on the text alone, for ids that must be the same after a restart. */
export function hexOf(text: string): string {
  const half = (salt: string) =>
    hash53(salt + text)
      .toString(16)
      .padStart(13, "0")
      .slice(-13);
  return half("a:") + half("b:");
}

/** A stream of numbers in [0, 1), the same for the same text. */
export function seededNumbers(text: string): () => number {
  let state = hash53(text) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
