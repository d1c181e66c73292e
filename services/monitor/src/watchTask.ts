import type { JobSnapshot, TaskDoc } from "@granary/domain";
import {
  BrokenTransfer,
  changeTask,
  dutyOf,
  hasOpenSurplus,
  heldJobOf,
  isDeclaredNotCreated,
  isProvisional,
  isTerminal,
  nextPollAt,
  ProviderTrouble,
  timeoutAt,
} from "@granary/domain";
import type { TaskCommand } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { Step, StepContext } from "@granary/runtime";
import { closeSurplus } from "./closeSurplus.ts";
import { noteJobDrift } from "./jobDrift.ts";
import { reconcileTask } from "./reconcileTask.ts";
import { reread } from "./reread.ts";
import { random01 } from "./settings.ts";
import type { MonitorDeps } from "./settings.ts";
import { FOREIGN, whoseJob } from "./whoseJob.ts";

/** A cancellation that was asked for is asked again after this many shortest polls. */
const CANCEL_AGAIN_POLLS = 20;

/** Watches one task at the provider: the monitor's part of the state table. */
export const watchTask =
  (deps: MonitorDeps): Step<"task"> =>
  async (held, context) => {
    const task = await closeSurplus(deps, held, context);
    switch (task.state) {
      case "unknown":
        return reconcileTask(deps, task, context);
      case "running":
        return watchJob(deps, task, context);
      case "packing":
      case "void":
      case "planned":
      case "submitting":
      case "harvesting":
      case "settling":
      case "ended":
        return deps.store.release("task", task, await nextSurplusLook(deps, task));
    }
  };

async function nextSurplusLook(deps: MonitorDeps, task: TaskDoc): Promise<number | null> {
  const now = await deps.store.now();
  if (hasOpenSurplus(task)) return now + accountOf(deps, task.account).settings.durations.pollMinMs;
  // A replay may have been asked for meanwhile.
  return dutyOf("task", task) === null ? null : now;
}

async function watchJob(deps: MonitorDeps, held: TaskDoc, { signal }: StepContext): Promise<void> {
  const { provider, dialect, settings } = accountOf(deps, held.account);
  const { durations } = settings;
  if (!held.view) throw new Error(`task ${held.id} is running without a job`);
  if (heldJobOf(held)?.jobId !== held.view.jobId) {
    const at = deps.clock.now();
    return giveBack(
      deps,
      await apply(deps, held, [{ type: "adopt", at, timeoutAt: timeoutAt(at, durations) }]),
    );
  }
  if (isProvisional(held) && isDeclaredNotCreated(held)) {
    deps.log.warn({ taskId: held.id, jobId: held.view.jobId }, "job let go on an operator's word");
    const why = "an operator says that no job came of the create";
    return giveBack(deps, await apply(deps, held, [{ type: "disown", at: deps.clock.now(), why }]));
  }
  let job: JobSnapshot | null;
  let owner: string | null = null;
  try {
    job = await provider.get(held.view.jobId, { signal });
    if (job && isProvisional(held)) owner = await whoseJob(deps, held.account, job, { signal });
  } catch (error) {
    if (!(error instanceof ProviderTrouble || error instanceof BrokenTransfer)) throw error;
    deps.log.warn({ taskId: held.id, jobId: held.view.jobId, err: error }, "poll failed");
    const asked = error instanceof ProviderTrouble ? (error.retryAfterMs ?? 0) : 0;
    const wait = Math.max(2 * durations.pollMinMs, asked);
    return deps.store.release("task", held, (await deps.store.now()) + wait);
  }
  if (job) await noteJobDrift(deps, held.account, [job]);
  const at = deps.clock.now();
  const commands: TaskCommand[] = [];
  if (!held.end && held.timeoutAt !== null && held.timeoutAt <= at) commands.push({ type: "timeOut", at });
  if (job) {
    const waited = held.view.terminalAt !== null && at - held.view.terminalAt >= durations.settleMs;
    if (owner !== null && owner !== held.id) {
      deps.log.warn({ taskId: held.id, jobId: job.jobId, owner }, "job held provisionally is another's");
      if (owner !== FOREIGN)
        await deps.store.signal("task", [owner], { type: "job", jobId: job.jobId, at, how: "adopted" });
      commands.push({ type: "disown", at, why: "its results are another's" });
    } else {
      if (owner === held.id) commands.push({ type: "confirm", at });
      commands.push({ type: "observe", at, job, settled: dialect.settled(job) || waited });
      // Nothing tells whose it is, and nothing will.
      if (isProvisional(held) && owner === null && isTerminal(job.status) && waited)
        commands.push({ type: "hold", waitsFor: "operator" });
    }
  } else {
    const missingSince = held.view.missingSince ?? at;
    // A 404 alone proves nothing: providers have taken it back. The window is as long as an absence must last.
    const lost = at - missingSince >= Math.max(durations.quietMs, durations.settleMs);
    deps.log.error({ taskId: held.id, jobId: held.view.jobId, lost }, "job not found under its account");
    commands.push({ type: "miss", at, lost });
  }
  const watched = await apply(deps, held, commands);
  if (watched.state === "running" && job && !isTerminal(job.status))
    await cancelWhereEnded(deps, watched, { signal });
  else await giveBack(deps, watched);
}

/** Writes what the commands change, keeping the lease; the document as it then is. */
async function apply(deps: MonitorDeps, held: TaskDoc, commands: readonly TaskCommand[]): Promise<TaskDoc> {
  const changed = await change(
    deps.store,
    "task",
    held,
    (current) => (current.state === "running" ? changeTask(current, ...commands) : null),
    { at: deps.clock.now() },
  );
  return changed ?? reread(deps.store, "task", held);
}

async function cancelWhereEnded(deps: MonitorDeps, held: TaskDoc, { signal }: StepContext): Promise<void> {
  const { provider, settings } = accountOf(deps, held.account);
  const at = deps.clock.now();
  const askedAt = held.cancelAskedAt ?? -Infinity;
  const again = at - askedAt >= CANCEL_AGAIN_POLLS * settings.durations.pollMinMs;
  // A provisional job may be somebody else's.
  if (!held.end || isProvisional(held) || !again || !held.view) return giveBack(deps, held);
  try {
    await provider.cancel(held.view.jobId, { signal });
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    deps.log.warn({ taskId: held.id, why: error.why, code: error.code }, "cancellation not taken");
    return giveBack(deps, held);
  }
  return giveBack(deps, await apply(deps, held, [{ type: "askCancel", at }]));
}

/** Gives the task back: at once for the next role, at its next poll while it runs. */
async function giveBack(deps: MonitorDeps, held: TaskDoc): Promise<void> {
  await deps.store.release("task", held, dueAtOf(deps, held));
}

/** When a task in the monitor's hands is to be looked at again. */
export function dueAtOf(deps: MonitorDeps, task: TaskDoc): number {
  const now = deps.clock.now();
  if (task.state !== "running") return now;
  const { durations } = accountOf(deps, task.account).settings;
  const submittedAt = task.submittedAt ?? now;
  const pollAt = nextPollAt({ now, submittedAt, view: task.view, durations, random01: random01(deps) });
  return Math.min(pollAt, task.end ? Infinity : Math.max(now, task.timeoutAt ?? Infinity));
}
