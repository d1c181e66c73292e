/** Whether a planned task may become a provider job now. Asked under the gate, one task at a time. */
import type { AccountLimits, SourceSettings } from "./account.ts";
import { nextUtcDayAt, withinBudget } from "./budget.ts";
import type { AccountDoc, Pause, TaskDoc, WaitsFor } from "./documents.ts";
import type { AccountUsage } from "./store.ts";

export interface AdmissionInput {
  readonly task: Pick<TaskDoc, "model" | "tokens" | "estimateMicros" | "bySource">;
  /** The account's, without this task. */
  readonly usage: AccountUsage;
  readonly limits: AccountLimits;
  readonly pauses: AccountDoc["pauses"];
  readonly learned: AccountDoc["learned"];
  readonly sources: Readonly<Record<string, SourceSettings>>;
  readonly now: number;
  /** When to look again at what ends at no known instant. */
  readonly lookAgainMs?: number;
}

export type Admission =
  | { readonly admit: true }
  | { readonly admit: false; readonly waitsFor: WaitsFor; readonly untilAt: number };

const LOOK_AGAIN_MS = 2_000;
/** A budget ends at midnight, but may be raised before, and jobs may turn out cheaper than estimated. */
const BUDGET_LOOK_MS = 600_000;

/**
 * Admits a task that fits every limit, or says what it waits for and when to look again. Pauses come first, then
 * money, then limits of number. Where a pause is over but nobody has lifted it, one task goes ahead as a probe.
 */
export function decideAdmission(input: AdmissionInput): Admission {
  return heldByPause(input) ?? heldByBudget(input) ?? heldByLimit(input) ?? { admit: true };
}

/** The scope for everything an account does. */
export const WHOLE_ACCOUNT = "*";

/** The scope a pause covers: a limit that of the model, any trouble with key or network the whole account. */
export function pauseScope(why: Pause["why"], model: string): string {
  switch (why) {
    case "limit":
    case "unavailable":
      return `create:${model}`;
    case "account":
    case "unreachable":
      return WHOLE_ACCOUNT;
  }
}

function heldByPause(input: AdmissionInput): Admission | null {
  const { task, usage, pauses, now } = input;
  const scopes = [
    { pause: pauses[WHOLE_ACCOUNT], submitting: submittingIn(usage) },
    {
      pause: pauses[pauseScope("limit", task.model)],
      submitting: usage.byModel[task.model]?.submitting ?? 0,
    },
  ];
  for (const { pause, submitting } of scopes) {
    if (!pause) continue;
    if (pause.until > now) return held(pauseWaitsFor(pause.why), pause.until);
    if (submitting > 0) return held(pauseWaitsFor(pause.why), soon(input));
  }
  return null;
}

function pauseWaitsFor(why: Pause["why"]): WaitsFor {
  return why === "unavailable" ? "unreachable" : why;
}

function heldByBudget({ task, usage, limits, sources, now }: AdmissionInput): Admission | null {
  const fits =
    withinBudget(limits.dailyMicros, usage.spentMicros, task.estimateMicros) &&
    Object.entries(task.bySource).every(([source, part]) =>
      withinBudget(sources[source]?.dailyMicros, usage.spentBySource[source] ?? 0, part.estimateMicros),
    );
  return fits ? null : held("budget", Math.min(nextUtcDayAt(now), now + BUDGET_LOOK_MS));
}

function heldByLimit(input: AdmissionInput): Admission | null {
  const { task, usage, limits, learned, now } = input;
  const { jobs = Infinity, tokensPerModel = Infinity, createsPerMinute = Infinity } = limits;
  // No wait makes room for it: somebody has lowered the limit since it was planned.
  if (task.tokens > tokensPerModel) return held("operator", now + BUDGET_LOOK_MS);

  const model = usage.byModel[task.model] ?? { jobs: 0, tokens: 0, submitting: 0 };
  if (usage.jobs + usage.foreign.jobs >= jobs) return held("limit", soon(input));
  if (model.tokens + task.tokens > tokensPerModel) return held("limit", soon(input));
  // What was learned may be out of date, so that it never keeps a model's only job waiting.
  const { jobs: jobsTaken = Infinity, tokens: tokensTaken = Infinity } = learned[task.model] ?? {};
  if (model.jobs > 0 && (model.jobs >= jobsTaken || model.tokens + task.tokens > tokensTaken))
    return held("limit", soon(input));
  // A task in submitting may have its create ahead of it, or be among those of the last minute: counted twice
  // it only makes us slower.
  if (usage.createsLastMinute + submittingIn(usage) >= createsPerMinute)
    return held("limit", now + Math.ceil(60_000 / Math.max(1, createsPerMinute)));
  return null;
}

function submittingIn({ byModel }: AccountUsage): number {
  return Object.values(byModel).reduce((sum, { submitting }) => sum + submitting, 0);
}

function soon({ now, lookAgainMs = LOOK_AGAIN_MS }: AdmissionInput): number {
  return now + lookAgainMs;
}

function held(waitsFor: WaitsFor, untilAt: number): Admission {
  return { admit: false, waitsFor, untilAt };
}

/** First pause and longest, in bases. */
const BACK_OFF: Readonly<Record<Pause["why"], { readonly first: number; readonly longest: number }>> = {
  limit: { first: 1, longest: 30 },
  // A person has to act.
  account: { first: 2, longest: 30 },
  unreachable: { first: 1 / 6, longest: 10 },
  unavailable: { first: 1 / 3, longest: 10 },
};

/** The base of real accounts: limits pause 30 s, doubling to 15 min. */
export const PAUSE_BASE_MS = 30_000;

/** No provider is taken at its word for longer than a day. */
const LONGEST_RETRY_AFTER_MS = 86_400_000;

/**
 * Milliseconds to leave a scope alone: doubling with each strike, half of it at random (all of it would let the
 * back-off collapse to nothing), and no less than the provider asked for.
 * @param strikes how often in a row, this time included
 */
export function pauseFor({
  why,
  strikes,
  retryAfterMs = 0,
  random01,
  baseMs = PAUSE_BASE_MS,
}: {
  readonly why: Pause["why"];
  readonly strikes: number;
  readonly retryAfterMs?: number | undefined;
  readonly random01: number;
  readonly baseMs?: number;
}): number {
  const { first, longest } = BACK_OFF[why];
  const full = baseMs * Math.min(longest, first * 2 ** Math.max(0, strikes - 1));
  const backOff = Math.round(full / 2 + (full / 2) * random01);
  return Math.max(backOff, Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS));
}
