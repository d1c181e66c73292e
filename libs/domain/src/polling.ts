/** When to look at a provider job again. */
import type { Durations } from "./account.ts";
import { isTerminal } from "./batchProvider.ts";
import type { ProviderView } from "./documents.ts";

const HOUR_MS = 3_600_000;
/** How much longer each wait is than the one before. */
const GROWTH = 1.5;
const NEARLY_DONE = 0.9;
const JITTER = 0.2;

/**
 * Often while the job is young, then slower (to half the longest wait in its first hour, to the longest after
 * it); fast again when it is nearly done, is being cancelled, is about to expire or should have; as often as is
 * allowed when it has ended but not everything is there yet, or is not found. A fifth up or down at random, never
 * outside `pollMinMs` to `pollMaxMs`.
 */
export function nextPollAt({
  now,
  submittedAt,
  view,
  durations: { pollMinMs, pollMaxMs },
  random01,
}: {
  readonly now: number;
  readonly submittedAt: number;
  readonly view: ProviderView | null;
  readonly durations: Pick<Durations, "pollMinMs" | "pollMaxMs">;
  /** 0 to 1. */
  readonly random01: number;
}): number {
  const age = Math.max(0, now - submittedAt);
  // Waits of min, min * 1.5, min * 1.5 * 1.5 and so on: at this age the next one is this long.
  const grown = pollMinMs + age * (GROWTH - 1);
  const usual = Math.min(grown, age < HOUR_MS ? pollMaxMs / 2 : pollMaxMs);
  const wait = Math.min(usual, hurry(view, now) * pollMinMs);
  const jittered = wait * (1 - JITTER + 2 * JITTER * random01);
  return now + Math.round(Math.min(pollMaxMs, Math.max(pollMinMs, jittered)));
}

/** The longest wait that suits what is known of the job, in shortest waits. */
function hurry(view: ProviderView | null, now: number): number {
  if (!view) return Infinity;
  const { status, counts, expiresAt, missingSince } = view;
  if (isTerminal(status) || missingSince !== null) return 1;
  if (status === "cancelling") return 2;
  if (counts && counts.total > 0 && (counts.completed + counts.failed) / counts.total > NEARLY_DONE) return 2;
  return expiresAt !== null && Math.abs(expiresAt - now) <= HOUR_MS ? 2 : Infinity;
}

/** When we ask for a cancellation ourselves. */
export function timeoutAt(submittedAt: number, { jobTimeoutMs }: Pick<Durations, "jobTimeoutMs">): number {
  return submittedAt + jobTimeoutMs;
}
