/** How long a provider's calls may take, in milliseconds. */
export interface Timeouts {
  /** Of a call that sends and answers little. */
  readonly callMs: number;
  /** Of a whole upload. */
  readonly uploadMs: number;
  /** Between two pieces of a download. */
  readonly idleMs: number;
}

/** What is taken where an account says nothing. */
export const TIMEOUTS: Timeouts = { callMs: 60_000, uploadMs: 30 * 60_000, idleMs: 60_000 };
