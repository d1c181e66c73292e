import type { JobSnapshot, Stranger, SweepDoc, TaskDoc } from "@granary/domain";
import {
  attemptWindow,
  BrokenTransfer,
  CLOCK_MARGIN_MS,
  fitsWindow,
  isTerminal,
  mayBeJobOf,
  ProviderTrouble,
} from "@granary/domain";
import type { StepContext } from "@granary/runtime";
import type { MonitorDeps } from "./settings.ts";
import { FOREIGN, whoseJob } from "./whoseJob.ts";

/** How far back a restored store looks for what it has forgotten. */
const FORGOTTEN_MS = 48 * 3_600_000;
/** How long after an attempt was given up its job is still looked for. */
const SUSPECTED_MS = 48 * 3_600_000;
/** How long a job that no pass lists any more is known to have been there: longer than one is held provisionally. */
const REMEMBERED_MS = 48 * 3_600_000;
/** Jobs whose results are looked into in one pass. */
const LOOKS_A_PASS = 20;
/** An account with more jobs of others than this, within the time of an attempt, forgets the oldest. */
const STRANGERS_KEPT = 1_000;

/** A job that may be a forgotten task's; `tag` once its results have shown whose. */
export interface Unclear {
  readonly job: JobSnapshot;
  readonly tag: string | null;
}

/** What a pass over an account's jobs makes of those that show no tag and that nobody holds. */
export interface HiddenJobs {
  /** How far back the pass has to go for their sake. */
  readonly since: number;
  add(job: JobSnapshot): void;
  /** Looks into results, tells tasks of their jobs, and answers what the sweep's document keeps. */
  finish(context: StepContext): Promise<
    Required<Pick<SweepDoc, "strangers" | "suspects" | "candidates">> & {
      readonly unclear: readonly Unclear[];
    }
  >;
}

/**
 * Finds lost creates where a listing shows no tags. A job that ended is known by the custom ids in its results. Of
 * those that run on, one fits an unknown create if it was created within its time, has its number of lines, and was
 * not there before. A single one that fits, in two passes in a row, and no other attempt, is held provisionally; of several,
 * one has to end, or an operator has to say which it is.
 */
export async function hiddenJobs(deps: MonitorDeps, sweep: SweepDoc): Promise<HiddenJobs> {
  const { store, clock } = deps;
  const startedAt = clock.now();
  const open = await store.tasks({ account: sweep.id, states: ["submitting", "unknown"] }, { limit: 1_000 });
  const unknown = open.filter(({ state }) => state === "unknown");
  const windows = unknown.flatMap((task) => attemptWindow(task) ?? []);
  const suspects = (sweep.suspects ?? []).filter(({ to }) => startedAt - to < SUSPECTED_MS);
  const before = new Map((sweep.strangers ?? []).map((stranger) => [stranger.jobId, stranger]));
  const seen = new Map<string, { stranger: Stranger; readonly job: JobSnapshot }>();
  // A restored store has forgotten tasks: any job may be one's.
  const isRestored = deps.epoch?.waitsFor() != null;
  const firstAt = Math.min(startedAt, ...[...windows, ...suspects].map(({ from }) => from));
  const since = Math.min(firstAt - CLOCK_MARGIN_MS, isRestored ? startedAt - FORGOTTEN_MS : Infinity);

  /** Jobs that may be a task's: of an open attempt, of one that was given up, or of one that is forgotten. */
  const isOfInterest = (stranger: Stranger): boolean =>
    isRestored ||
    unknown.some((task) => mayBeJobOf(task, stranger)) ||
    suspects.some((suspect) => fitsWindow(stranger, suspect));

  /** A job that two attempts may have created is held by neither: the one that is wrong would keep it from the other. */
  const fitsOthers = (jobId: string, taskId: string): boolean => {
    const stranger = seen.get(jobId)?.stranger;
    return open.some((task) => task.id !== taskId && stranger && mayBeJobOf(task, stranger));
  };

  async function lookInto(context: StepContext): Promise<void> {
    const wanted = [...seen.values()].filter(
      ({ stranger, job }) => stranger.owner === null && isTerminal(job.status) && isOfInterest(stranger),
    );
    // Where there are more than one pass looks into, each pass goes on where the one before left off.
    const from = wanted.length > LOOKS_A_PASS ? (sweep.seq * LOOKS_A_PASS) % wanted.length : 0;
    const inTurn = [...wanted.slice(from), ...wanted.slice(0, from)];
    for (const entry of inTurn.slice(0, LOOKS_A_PASS)) {
      const { stranger, job } = entry;
      try {
        entry.stranger = { ...stranger, owner: await whoseJob(deps, sweep.id, job, context) };
      } catch (error) {
        if (!(error instanceof ProviderTrouble || error instanceof BrokenTransfer)) throw error;
        deps.log.warn({ account: sweep.id, jobId: job.jobId, err: error }, "results not looked into");
      }
    }
  }

  async function tellOwners(): Promise<void> {
    for (const { stranger } of seen.values())
      if (stranger.owner !== null && stranger.owner !== FOREIGN)
        await tell(stranger.owner, stranger.jobId, "adopted");
  }

  async function tell(taskId: string, jobId: string, how: "adopted" | "provisional"): Promise<void> {
    const task = await store.load("task", taskId);
    if (!task || task.jobs.some((job) => job.jobId === jobId && job.how !== "provisional")) return;
    await store.signal("task", [taskId], { type: "job", jobId, at: clock.now(), how });
  }

  return {
    since,
    add(job) {
      const createdAt = job.createdAt ?? startedAt;
      if (createdAt < since) return;
      const known = before.get(job.jobId);
      const stranger = {
        jobId: job.jobId,
        createdAt,
        lines: job.counts?.total ?? 0,
        firstSeq: known?.firstSeq ?? sweep.seq + 1,
        owner: known?.owner ?? null,
      };
      seen.set(job.jobId, { stranger, job });
    },
    async finish(context) {
      await lookInto(context);
      await tellOwners();
      const strangers = [...seen.values()].map(({ stranger }) => stranger);
      const candidates: Record<string, readonly string[]> = {};
      for (const task of unknown) {
        const fitting = strangers.filter((stranger) => mayBeJobOf(task, stranger));
        if (fitting.length === 0) continue;
        candidates[task.id] = fitting.map(({ jobId }) => jobId);
        const only = onlyCandidate(task, sweep, fitting);
        if (only !== null && !fitsOthers(only, task.id)) await tell(task.id, only, "provisional");
      }
      // An attempt that gives up its guess looks back: what was there before it must not pass for new then.
      const remembered = [...before.values()].filter(
        ({ jobId, createdAt }) => !seen.has(jobId) && startedAt - createdAt < REMEMBERED_MS,
      );
      return {
        strangers: [...strangers, ...remembered]
          .toSorted((a, b) => b.createdAt - a.createdAt)
          .slice(0, STRANGERS_KEPT),
        suspects,
        candidates,
        unclear: isRestored ? await unclear(strangers) : [],
      };
    },
  };

  /** After a restore: jobs that may be those of tasks the store has forgotten. */
  async function unclear(strangers: readonly Stranger[]): Promise<readonly Unclear[]> {
    const owners = new Set(
      (
        await store.loadMany(
          "task",
          strangers.flatMap(({ owner }) => owner ?? []),
        )
      ).map(({ id }) => id),
    );
    return strangers.flatMap(({ jobId, owner }) => {
      const job = seen.get(jobId)?.job;
      return !job || owner === FOREIGN || (owner !== null && owners.has(owner)) ? [] : [{ job, tag: owner }];
    });
  }
}

/** The one job that fits a task, its lines counted, where the pass before saw that one and no other, too. */
function onlyCandidate(
  { id, lines }: TaskDoc,
  { candidates }: SweepDoc,
  fitting: readonly Stranger[],
): string | null {
  const [only, ...others] = fitting;
  const before = candidates?.[id] ?? [];
  if (!only || others.length > 0 || only.lines !== lines) return null;
  return before.length === 1 && before[0] === only.jobId ? only.jobId : null;
}
