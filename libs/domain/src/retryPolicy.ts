/** Which items travel again. */
import type { RequestEnd } from "./documents.ts";
import type { RetryPolicy } from "./item.ts";
import type { FailureReason, OutcomeStatus } from "./outcome.ts";

const RETRIED: ReadonlySet<FailureReason> = new Set([
  "provider_error",
  "rate_limited",
  "missing",
  "unparseable",
]);

/** Whether an item that ended so may do better another time. What a deadline ended may not. */
export function isRetryable(
  status: OutcomeStatus,
  reason: FailureReason | undefined,
  { byDeadline }: { readonly byDeadline: boolean },
): boolean {
  switch (status) {
    case "succeeded":
    case "cancelled":
      return false;
    case "expired":
      return !byDeadline;
    case "failed":
      return reason !== undefined && RETRIED.has(reason);
  }
}

export interface RetryInput {
  readonly status: OutcomeStatus;
  readonly reason?: FailureReason | undefined;
  /** Attempts the item had used up before this one. */
  readonly attempts: number;
  readonly policy: RetryPolicy;
  /** What the request has cost, and estimates of what is under way or was decided to travel again; null: not known. */
  readonly spentMicros: number | null;
  /** What the next attempt of this item may cost; null: not known. */
  readonly retryEstimateMicros: number | null;
  readonly maxCostMicros: number | null;
  /** Why the request has ended meanwhile; null while it goes on. */
  readonly end: RequestEnd["why"] | null;
}

export type RetryDecision =
  | { readonly end: "retry" }
  | { readonly end: "final"; readonly status: OutcomeStatus; readonly reason?: FailureReason };

/**
 * Whether the item travels again or this was its end. An item that would, had it not come to cost more than the
 * request's maximum, fails as `over_budget`; where costs are not known, no maximum can be kept, so nothing travels.
 */
export function decideRetry(input: RetryInput): RetryDecision {
  const { status, reason, attempts, policy, spentMicros, retryEstimateMicros, maxCostMicros, end } = input;
  const again =
    end === null && attempts + 1 < policy.maxAttempts && isRetryable(status, reason, { byDeadline: false });
  if (!again) return { end: "final", status, ...(reason ? { reason } : {}) };
  const affordable =
    maxCostMicros === null ||
    (spentMicros !== null &&
      retryEstimateMicros !== null &&
      spentMicros + retryEstimateMicros <= maxCostMicros);
  return affordable ? { end: "retry" } : { end: "final", status: "failed", reason: "over_budget" };
}

const LONGEST_BACK_OFF_MS = 86_400_000;

/**
 * When an item may travel again: the policy's back-off after `at`, doubled for every attempt before this one, at
 * most a day.
 * @param attempts used up before the one that just failed
 */
export function retryNotBefore(policy: RetryPolicy, attempts: number, at: number): number {
  return at + Math.min(LONGEST_BACK_OFF_MS, policy.backoffMs * 2 ** attempts);
}
