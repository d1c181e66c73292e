import type { TaskDoc } from "@granary/domain";
import { changeTask, ProviderTrouble, timeoutAt } from "@granary/domain";
import type { TaskCommand } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import type { MonitorDeps } from "./settings.ts";

/** Complete sweeps, begun after the intent, that must have missed the job. */
const CLEAN_SWEEPS = 2;
/** Complete sweeps after the file was revoked: the last look for a job created before that. */
const SWEEPS_AFTER_REVOKE = 2;

/**
 * Settles a create whose answer is not known (P4). A job with our tag is adopted. Its absence is believed only after
 * clean sweeps and a quiet period; then the input file is revoked, so that a create woken from the dead names a file
 * that is gone; and after two more sweeps the attempt is given up.
 */
export async function reconcileTask(
  deps: MonitorDeps,
  held: TaskDoc,
  { signal }: StepContext,
): Promise<void> {
  const { provider, settings } = accountOf(deps, held.account);
  const { durations } = settings;
  const at = deps.clock.now();
  if (held.jobs.length > 0)
    return write(deps, held, { type: "adopt", at, timeoutAt: timeoutAt(at, durations) }, at);
  const { intent } = held;
  if (!intent) throw new Error(`task ${held.id} is unknown without an intent`);
  const seq = await sweepSeq(deps, held.account);
  const later = (await deps.store.now()) + durations.sweepMs;
  if (intent.revokedSeq !== null) {
    if (seq < intent.revokedSeq + SWEEPS_AFTER_REVOKE) return deps.store.release("task", held, later);
    return write(deps, held, { type: "giveUpAttempt" }, at);
  }
  // The sweep under way when the intent was written may have passed its place already: it does not count.
  const clean = seq >= intent.sweepSeq + 1 + CLEAN_SWEEPS;
  const quiet = at - intent.at >= durations.quietMs;
  if (!clean || !quiet) {
    const waitsFor = clean ? "quiet" : "sweep";
    if (held.waitsFor === waitsFor) return deps.store.release("task", held, later);
    return write(deps, held, { type: "hold", waitsFor }, later);
  }
  try {
    if (intent.fileId !== null) await provider.remove(intent.fileId, { signal });
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    deps.log.warn({ taskId: held.id, why: error.why, code: error.code }, "file not revoked");
    return deps.store.release("task", held, later);
  }
  return write(deps, held, { type: "revoke", at, seq: await sweepSeq(deps, held.account) }, later);
}

async function sweepSeq({ store }: MonitorDeps, account: string): Promise<number> {
  return (await store.load("sweep", account))?.seq ?? 0;
}

/** Decides anew where a job was seen meanwhile: then the task is adopted instead. */
async function write(deps: MonitorDeps, held: TaskDoc, command: TaskCommand, dueAt: number): Promise<void> {
  const at = deps.clock.now();
  const { durations } = accountOf(deps, held.account).settings;
  await change(
    deps.store,
    "task",
    held,
    (current) =>
      current.jobs.length > 0
        ? changeTask(current, { type: "adopt", at, timeoutAt: timeoutAt(at, durations) })
        : changeTask(current, command),
    (next) => ({ at, release: true, dueAt: next.state === "unknown" ? dueAt : at }),
  );
}
