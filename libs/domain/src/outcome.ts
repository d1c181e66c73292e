import { z } from "zod";

/** Why an item failed: the whole list. Anything a provider says is mapped to one of these. */
export const FAILURE_REASONS = [
  "provider_error",
  "rate_limited",
  "invalid_request",
  "refused",
  "truncated",
  "invalid_output",
  "unparseable",
  "missing",
  "job_rejected",
  "job_lost",
  "unavailable",
  "over_budget",
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const OUTCOME_STATUSES = ["succeeded", "failed", "expired", "cancelled"] as const;
export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number];

export const failureReason = z.enum(FAILURE_REASONS);
export const outcomeStatus = z.enum(OUTCOME_STATUSES);

/**
 * Tokens of one answer, as the provider reported them. What was written to a cache is left out where nothing was: so
 * it is in everything that was stored before it was counted.
 */
export const usage = z.object({
  inputTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
  /** Part of `inputTokens` that was read from the provider's prompt cache. */
  cachedTokens: z.number().int().nonnegative(),
  /** Part of `inputTokens` that was written to it, for however long. */
  cacheWriteTokens: z.number().int().nonnegative().optional(),
  /**
   * Part of `cacheWriteTokens` that is kept for the longer of the provider's two times: an hour instead of five minutes
   * at Anthropic, twelve hours instead of half an hour at OpenAI.
   */
  longCacheWriteTokens: z.number().int().nonnegative().optional(),
  /** Part of `outputTokens` that was spent on reasoning. */
  reasoningTokens: z.number().int().nonnegative(),
});
export type Usage = Readonly<z.infer<typeof usage>>;

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };

/** A usage with what was written to the cache, which is left out where it is nothing. */
export function withCacheWrites(
  used: Usage,
  writes: { readonly cacheWriteTokens: number; readonly longCacheWriteTokens: number },
): Usage {
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens } = used;
  const { cacheWriteTokens, longCacheWriteTokens } = writes;
  return {
    inputTokens,
    outputTokens,
    cachedTokens,
    ...(cacheWriteTokens > 0 ? { cacheWriteTokens } : {}),
    ...(longCacheWriteTokens > 0 ? { longCacheWriteTokens } : {}),
    reasoningTokens,
  };
}

/** The sum of two usages. What one of them does not tell of the cache is nothing. */
export function addUsage(a: Usage, b: Usage): Usage {
  return withCacheWrites(
    {
      inputTokens: a.inputTokens + b.inputTokens,
      outputTokens: a.outputTokens + b.outputTokens,
      cachedTokens: a.cachedTokens + b.cachedTokens,
      reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    },
    {
      cacheWriteTokens: (a.cacheWriteTokens ?? 0) + (b.cacheWriteTokens ?? 0),
      longCacheWriteTokens: (a.longCacheWriteTokens ?? 0) + (b.longCacheWriteTokens ?? 0),
    },
  );
}

/** Where a raw line lies: `length` bytes from `offset` of the artifact at `path`. */
export interface LineRef {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** How one item ended. Its id is `<request>:<ordinal, 8 digits>`. */
export interface Outcome {
  readonly request: string;
  readonly ordinal: number;
  readonly status: OutcomeStatus;
  readonly reason?: FailureReason;
  readonly error?: { readonly code: string; readonly message: string };
  /** The provider's finish reason, in our words: stop, length, refusal, content_filter, tool_calls, other. */
  readonly finish?: string;
  readonly usage: Usage;
  /** Micro-dollars; null where the price is not known. */
  readonly costMicros: number | null;
  /** The answer, where it is at most 4 KiB; otherwise it is read from `ref`. */
  readonly output?: unknown;
  readonly ref?: LineRef;
  /** The task whose verdicts ended the item; null where it never travelled. */
  readonly taskId: string | null;
  readonly attempt: number;
  /** 0 at first; a replay raises it. */
  readonly revision: number;
}

/** What to do with an outcome row when one is, or is not, there already. */
export type OutcomeDecision = "insert" | "same" | "different" | "replace" | "ignore";

/**
 * First outcome wins. Of one revision there is one content: a different one is an incident, not an overwrite.
 * A higher revision (a replay) replaces, a lower one is ignored.
 */
export function decideOutcome(existing: Outcome | undefined, row: Outcome): OutcomeDecision {
  if (!existing) return "insert";
  if (row.revision > existing.revision) return "replace";
  if (row.revision < existing.revision) return "ignore";
  return sameOutcome(existing, row) ? "same" : "different";
}

function sameOutcome(a: Outcome, b: Outcome): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.taskId === b.taskId &&
    a.attempt === b.attempt &&
    a.costMicros === b.costMicros &&
    JSON.stringify(a.output) === JSON.stringify(b.output)
  );
}

/** How many items ended in which way. */
export interface Counts {
  readonly succeeded: number;
  readonly failed: number;
  readonly expired: number;
  readonly cancelled: number;
  readonly byReason: Readonly<Partial<Record<FailureReason, number>>>;
}

export const NO_COUNTS: Counts = { succeeded: 0, failed: 0, expired: 0, cancelled: 0, byReason: {} };

/** Counts with one more item. */
export function countOne(counts: Counts, status: OutcomeStatus, reason?: FailureReason): Counts {
  return {
    ...counts,
    [status]: counts[status] + 1,
    byReason: reason ? { ...counts.byReason, [reason]: (counts.byReason[reason] ?? 0) + 1 } : counts.byReason,
  };
}

/** The sum of two counts. */
export function addCounts(a: Counts, b: Counts): Counts {
  const byReason: Partial<Record<FailureReason, number>> = { ...a.byReason };
  for (const reason of FAILURE_REASONS)
    if (b.byReason[reason]) byReason[reason] = (byReason[reason] ?? 0) + b.byReason[reason];
  return {
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    expired: a.expired + b.expired,
    cancelled: a.cancelled + b.cancelled,
    byReason,
  };
}

/** How many items the counts stand for. */
export function totalOf({ succeeded, failed, expired, cancelled }: Counts): number {
  return succeeded + failed + expired + cancelled;
}

/** Adds costs; unknown plus anything is unknown. */
export function addCosts(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
