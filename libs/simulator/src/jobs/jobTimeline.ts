import type { JobFault } from "../fault.ts";
import type { Provider } from "../provider.ts";
import type { Scenario } from "../scenario.ts";
import { unitOf } from "../seeded.ts";

/** How long the phases of one job last. */
export interface Durations {
  readonly validatingMs: number;
  readonly jobMs: number;
  readonly lineMs: number;
  readonly finalizingMs: number;
  readonly cancellingMs: number;
  readonly windowMs: number;
}

type Phase = Exclude<keyof Durations, "windowMs">;
const FAST: Readonly<Record<Phase, number>> = {
  validatingMs: 100,
  jobMs: 400,
  lineMs: 0.02,
  finalizingMs: 100,
  cancellingMs: 100,
};
const USUAL: Readonly<Record<Phase, number>> = {
  validatingMs: 60_000,
  jobMs: 1_200_000,
  lineMs: 100,
  finalizingMs: 60_000,
  cancellingMs: 120_000,
};
const HOUR_MS = 3_600_000;

/**
 * What lasts, in true time. The window: 24 hours, at Gemini 48 (https://ai.google.dev/gemini-api/docs/batch-api). A
 * file: at Gemini 48 hours (https://ai.google.dev/gemini-api/docs/files). A job's results: at Anthropic 29 days from its
 * create (https://platform.claude.com/docs/en/build-with-claude/batch-processing).
 */
const LASTING = {
  windowMs: { openai: 24 * HOUR_MS, gemini: 48 * HOUR_MS, anthropic: 24 * HOUR_MS },
  fileMs: { openai: Infinity, gemini: 48 * HOUR_MS, anthropic: Infinity },
  resultsMs: { openai: Infinity, gemini: Infinity, anthropic: 29 * 24 * HOUR_MS },
} as const;

/** How long a thing lasts at a provider, by the scenario's clock; Infinity for ever. */
export function lifeMs({ pace }: Scenario, provider: Provider, what: keyof typeof LASTING): number {
  return pace[what] ?? LASTING[what][provider] / (pace.acceleration ?? 1);
}

/** The durations of a job: the scenario's pace, its jitter, and the job's own faults. */
export function durationsOf(
  scenario: Scenario,
  { provider, ordinal }: { readonly provider: Provider; readonly ordinal: number },
  faults: readonly JobFault[],
): Durations {
  const { pace, seed } = scenario;
  const usual = (name: Phase): number =>
    pace[name] ?? (pace.acceleration === undefined ? FAST[name] : USUAL[name] / pace.acceleration);
  const stretch = 1 + pace.jitter * (2 * unitOf(`${seed}:pace:${ordinal}`) - 1);
  const extraMs = (what: "hang_finalizing" | "slow_cancel") =>
    faults.reduce((sum, fault) => (fault.what === what ? sum + fault.ms : sum), 0);
  return {
    validatingMs: usual("validatingMs"),
    jobMs: usual("jobMs") * stretch,
    lineMs: usual("lineMs") * stretch,
    finalizingMs: usual("finalizingMs") + extraMs("hang_finalizing"),
    cancellingMs: usual("cancellingMs") + extraMs("slow_cancel"),
    windowMs: lifeMs(scenario, provider, "windowMs"),
  };
}

/** How a job ends. */
export type JobEnd = "completed" | "failed" | "expired" | "cancelled";

/** What a job's course depends on. */
export interface JobCourse {
  readonly createdAt: number;
  readonly durations: Durations;
  readonly faults: readonly JobFault[];
  /** Set once the input was read through. */
  readonly read: { readonly at: number; readonly lines: number; readonly failed: boolean } | null;
  readonly cancelAskedAt: number | null;
}

/** When a job reaches its phases. Null: never, or not known yet. `share` is what part of its lines is finished at the end. */
export interface Milestones {
  readonly startsAt: number | null;
  readonly finalizesAt: number | null;
  readonly overAt: number | null;
  readonly end: JobEnd | null;
  readonly share: number;
  /** How long all lines would take; Infinity for a stuck job. */
  readonly runMs: number;
}

/** The course of a job, from what is known of it now. A later cancel changes it; nothing else does. */
export function milestonesOf({ createdAt, durations, faults, read, cancelAskedAt }: JobCourse): Milestones {
  const startsAt = read && Math.max(createdAt + durations.validatingMs, read.at);
  if (cancelAskedAt !== null && (startsAt === null || cancelAskedAt < startsAt))
    return {
      startsAt: null,
      finalizesAt: null,
      overAt: cancelAskedAt + durations.cancellingMs,
      end: "cancelled",
      share: 0,
      runMs: 0,
    };
  if (read === null || startsAt === null)
    return { startsAt, finalizesAt: null, overAt: null, end: null, share: 0, runMs: 0 };
  if (read.failed)
    return { startsAt: null, finalizesAt: null, overAt: startsAt, end: "failed", share: 0, runMs: 0 };

  const stuck = faults.some(({ what }) => what === "stuck");
  const runMs = stuck ? Infinity : durations.jobMs + durations.lineMs * read.lines;
  const shareAt = (at: number) => (runMs === 0 ? 1 : Math.min(1, Math.max(0, (at - startsAt) / runMs)));
  const doneAt = startsAt + runMs;
  const expiry = faults.find((fault) => fault.what === "expire");
  const windowEndsAt = createdAt + durations.windowMs;
  const expiresAt =
    expiry && runMs < Infinity ? Math.min(windowEndsAt, startsAt + runMs * expiry.share) : windowEndsAt;
  const expires = expiry !== undefined || expiresAt < doneAt;
  const finalizesAt = expires ? expiresAt : doneAt;
  const overAt = finalizesAt + durations.finalizingMs;
  // Exactly 1 when all is done: a quotient of instants would fall short of it by rounding.
  const share = expiry ? expiry.share : expires ? shareAt(expiresAt) : 1;
  if (cancelAskedAt !== null && cancelAskedAt < overAt)
    return {
      startsAt,
      finalizesAt: cancelAskedAt >= finalizesAt ? finalizesAt : null,
      overAt: cancelAskedAt + durations.cancellingMs,
      end: "cancelled",
      share: cancelAskedAt >= finalizesAt ? share : Math.min(shareAt(cancelAskedAt), share),
      runMs,
    };
  return { startsAt, finalizesAt, overAt, end: expires ? "expired" : "completed", share, runMs };
}
