/** Time, handed in. */
export interface Clock {
  /** Time of day, epoch milliseconds: the store's where a process takes its time from there, else the machine's. */
  now(): number;
  /**
   * The machine's own wall clock where `now` is another one: it has gone on after a machine stood still as a whole,
   * which `monotonic` may not have.
   */
  wall?(): number;
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
