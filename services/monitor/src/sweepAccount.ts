import type { JobSnapshot, SaveOp, Suspect, SweepDoc, TaskDoc } from "@granary/domain";
import {
  changeTask,
  CLOCK_MARGIN_MS,
  isOurTag,
  isProvisional,
  isTerminal,
  ProviderTrouble,
  stampFacts,
} from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { Step } from "@granary/runtime";
import { byInputFile } from "./byInputFile.ts";
import { hiddenJobs } from "./hiddenTags.ts";
import type { HiddenJobs } from "./hiddenTags.ts";
import { noteJobDrift } from "./jobDrift.ts";
import { rebuildTask } from "./rebuildTask.ts";
import { random01 } from "./settings.ts";
import type { MonitorDeps } from "./settings.ts";
import { dueAtOf } from "./watchTask.ts";

/** Every so many passes one goes back this far: a second job may be listed later than anybody waited for it. */
const DEEP_PASSES = 60;
const DEEP_MS = 48 * 3_600_000;
const ORPHANS_KEPT = 100;

/** What one pass has met so far. */
interface Pass {
  foreign: { jobs: number; lines: number };
  orphans: string[];
  readonly forgotten: string[];
  /** Only where the provider shows no tags. */
  readonly hidden: HiddenJobs | null;
}

/**
 * Lists an account's jobs, newest first, back to the oldest attempt that is open (P4). One listing is the poll of
 * all running jobs; it also finds creates whose answer was lost, second jobs, and jobs that are not ours. A complete
 * pass raises `seq`, which is what the absence of a job is measured in.
 */
export const sweepAccount =
  (deps: MonitorDeps): Step<"sweep"> =>
  async (held, { signal }) => {
    const { store } = deps;
    const { provider, dialect, settings } = accountOf(deps, held.id);
    const { oldestOpenAt } = await store.usage(held.id);
    const startedAt = deps.clock.now();
    const open = (oldestOpenAt ?? Infinity) - CLOCK_MARGIN_MS;
    const deep = held.seq % DEEP_PASSES === 0 || deps.epoch?.waitsFor() != null;
    const hidden = dialect.tags === "hidden" ? await hiddenJobs(deps, held) : null;
    const since = Math.min(open, hidden?.since ?? Infinity, deep ? startedAt - DEEP_MS : Infinity);
    const pass: Pass = { foreign: { jobs: 0, lines: 0 }, orphans: [], forgotten: [], hidden };
    let found: Partial<SweepDoc> = {};
    try {
      let after: string | null = null;
      do {
        signal.throwIfAborted();
        const page: Awaited<ReturnType<typeof provider.list>> = await provider.list({ after, signal });
        await takePage(deps, held.id, page.jobs, pass);
        await noteJobDrift(deps, held.id, page.jobs);
        const oldest = page.jobs.at(-1)?.createdAt ?? Infinity;
        after = oldest < since ? null : page.next;
      } while (after !== null);
      if (hidden) {
        const { unclear, ...kept } = await hidden.finish({ signal });
        for (const { job, tag } of unclear) {
          if (tag !== null) await meetOrphan(deps, held.id, tag, job, pass);
          else pass.forgotten.push(job.jobId);
        }
        found = kept;
      }
    } catch (error) {
      if (!(error instanceof ProviderTrouble)) throw error;
      return sweepFailed(deps, held, error);
    }
    const at = deps.clock.now();
    await change(
      store,
      "sweep",
      held,
      (current) => ({
        next: {
          ...current,
          ...found,
          // Suspects that came meanwhile stand.
          ...(found.suspects ? { suspects: suspectsOf(current, held, found.suspects) } : {}),
          foreign: pass.foreign,
          orphans: pass.orphans,
          forgotten: pass.forgotten.slice(0, ORPHANS_KEPT),
          seq: current.seq + 1,
          startedAt,
          lastError: null,
        },
      }),
      { at, release: true, dueAt: at + jittered(deps, settings.durations.sweepMs) },
    );
  };

/** The suspects a pass kept, and those that were named while it went on. */
function suspectsOf(current: SweepDoc, before: SweepDoc, kept: readonly Suspect[]): readonly Suspect[] {
  const known = new Set((before.suspects ?? []).map(({ taskId, from }) => `${taskId}:${from}`));
  return [...kept, ...(current.suspects ?? []).filter(({ taskId, from }) => !known.has(`${taskId}:${from}`))];
}

async function takePage(
  deps: MonitorDeps,
  account: string,
  jobs: readonly JobSnapshot[],
  pass: Pass,
): Promise<void> {
  const { store, instance } = deps;
  const holders = await store.byJob(
    account,
    jobs.map(({ jobId }) => jobId),
  );
  const polled: { readonly task: TaskDoc; readonly job: JobSnapshot }[] = [];
  const tagged: { readonly tag: string; readonly job: JobSnapshot }[] = [];
  for (const job of await byInputFile(deps, account, jobs)) {
    const task = holders.get(job.jobId);
    if (task) polled.push({ task, job });
    else if (isOurTag(job.tag, instance)) tagged.push({ tag: job.tag, job });
    else {
      pass.hidden?.add(job);
      if (isTerminal(job.status)) continue;
      pass.foreign.jobs += 1;
      pass.foreign.lines += job.counts?.total ?? 0;
    }
  }
  await poll(deps, polled);
  const known = new Map(
    (
      await store.loadMany(
        "task",
        tagged.map(({ tag }) => tag),
      )
    ).map((task) => [task.id, task]),
  );
  for (const { tag, job } of tagged) {
    const task = known.get(tag);
    if (!task) await meetOrphan(deps, account, tag, job, pass);
    else if (!task.jobs.some(({ jobId }) => jobId === job.jobId))
      await store.signal("task", [task.id], {
        type: "job",
        jobId: job.jobId,
        at: deps.clock.now(),
        how: "adopted",
      });
  }
}

/** A job with our tag and no task. A restored store has forgotten the task, and makes it anew where it can. */
async function meetOrphan(
  deps: MonitorDeps,
  account: string,
  tag: string,
  job: JobSnapshot,
  pass: Pass,
): Promise<void> {
  const rebuilt = deps.epoch?.waitsFor() == null ? null : await rebuildTask(deps, account, tag, job);
  if (rebuilt === "rebuilt") return;
  deps.log.error({ account, jobId: job.jobId, tag }, "job with our tag and no task");
  if (pass.orphans.length < ORPHANS_KEPT) pass.orphans.push(job.jobId);
  if (rebuilt === "waiting") pass.forgotten.push(job.jobId);
}

/** Writes down what changed; everything else on the page is only postponed, in one bulk that leaves woken ones alone. */
async function poll(
  deps: MonitorDeps,
  seen: readonly { readonly task: TaskDoc; readonly job: JobSnapshot }[],
): Promise<void> {
  const at = deps.clock.now();
  const saves: SaveOp<"task">[] = [];
  const unchanged = new Map<number, { id: string; version: number }[]>();
  for (const { task, job } of seen) {
    if (task.state !== "running") continue;
    const { dialect, settings } = accountOf(deps, task.account);
    const terminalAt = task.view?.terminalAt ?? null;
    const settled =
      dialect.settled(job) || (terminalAt !== null && at - terminalAt >= settings.durations.settleMs);
    const changed = changeTask(task, { type: "observe", at, job, settled });
    // To be cancelled, or its results are to say whether it is ours: a listing cannot do that, and must not put it off.
    const wantsLook = task.end !== null || (isProvisional(task) && isTerminal(job.status));
    if (changed) {
      const facts = stampFacts("task", task, changed.facts, at);
      saves.push({
        held: task,
        next: changed.next,
        options: { facts, asOwner: false, dueAt: wantsLook ? at : dueAtOf(deps, changed.next) },
      });
    } else if (!wantsLook) {
      const dueAt = dueAtOf(deps, task);
      // One bulk a second of due time: due times need not be finer.
      const second = Math.ceil(dueAt / 1000) * 1000;
      unchanged.set(second, [...(unchanged.get(second) ?? []), { id: task.id, version: task.version }]);
    }
  }
  if (saves.length > 0) await deps.store.saveMany("task", saves);
  for (const [dueAt, docs] of unchanged) await deps.store.postpone("task", docs, dueAt);
}

async function sweepFailed(deps: MonitorDeps, held: SweepDoc, error: ProviderTrouble): Promise<void> {
  const { durations } = accountOf(deps, held.id).settings;
  const at = deps.clock.now();
  deps.log.warn({ account: held.id, why: error.why, code: error.code }, "sweep failed");
  const wait = Math.max(jittered(deps, durations.sweepMs), error.retryAfterMs ?? 0);
  await change(
    deps.store,
    "sweep",
    held,
    (current) => ({ next: { ...current, lastError: { code: error.code, message: error.message, at } } }),
    { at, release: true, dueAt: at + wait },
  );
}

function jittered(deps: MonitorDeps, ms: number): number {
  return Math.round(ms * (0.9 + 0.2 * random01(deps)));
}
