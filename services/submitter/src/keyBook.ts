import type { Hasher } from "@granary/domain";

/** Words of a slot: 96 bits of the key's digest, and the number it was first seen at, plus one; 0 is a free slot. */
const WORDS = 4;
const FIRST_SLOTS = 16;

/** Remembers keys, and the number at which each was first seen. */
export interface KeyBook {
  /** Notes a key. Answers the number it was seen at before, or null where it is new. Numbers are below 2^32 - 1. */
  see(key: string, number: number): number | null;
}

/**
 * A book of keys in at most 64 bytes a key, however long the keys are, so that a million of them fit. Two keys are
 * taken for the same where 96 bits of their SHA-256 agree: for a million keys that is a chance of 1 in 10^17.
 */
export function keyBook(sha256: () => Hasher): KeyBook {
  let slots = FIRST_SLOTS;
  let table = new Uint32Array(slots * WORDS);
  let seen = 0;

  /** Where the digest stands in a table, or the free slot where it belongs. */
  function find(a: number, b: number, c: number): number {
    for (let slot = a & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * WORDS;
      if (table[at + 3] === 0 || (table[at] === a && table[at + 1] === b && table[at + 2] === c)) return at;
    }
  }

  function grow(): void {
    const old = table;
    slots *= 2;
    table = new Uint32Array(slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 3] === 0) continue;
      table.set(old.subarray(at, at + WORDS), find(old[at]!, old[at + 1]!, old[at + 2]!));
    }
  }

  return {
    see(key, number) {
      const digest = sha256().update(key).hex();
      const word = (index: number): number => Number.parseInt(digest.slice(index * 8, index * 8 + 8), 16);
      const [a, b, c] = [word(0), word(1), word(2)];
      const at = find(a, b, c);
      if (table[at + 3] !== 0) return table[at + 3]! - 1;
      table.set([a, b, c, number + 1], at);
      seen += 1;
      if (seen * 2 > slots) grow();
      return null;
    },
  };
}
