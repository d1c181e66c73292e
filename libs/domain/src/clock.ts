/** Time, handed in. */
export interface Clock {
  /** Wall clock, epoch milliseconds. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** Resolves after `ms`, or at once (without an error) when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness and digests, handed in. */
export interface Ids {
  /** A nonce no two writers share. */
  nonce(): string;
  /** `length` random characters of [a-z2-7]. */
  random(length: number): string;
  sha256(): Hasher;
}

export interface Hasher {
  update(data: string | Uint8Array): Hasher;
  /** Lower-case hex. Ends the hasher. */
  hex(): string;
}
