import type { TaskDoc } from "@granary/domain";
import {
  attemptWindow,
  changeTask,
  heldJobOf,
  isDeclaredNotCreated,
  ProviderTrouble,
  timeoutAt,
} from "@granary/domain";
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
 * that is gone; and after two more sweeps the attempt is given up. Where the provider shows no tags a job that may be
 * this one's keeps it from being given up; an operator's word settles it, too.
 */
export async function reconcileTask(
  deps: MonitorDeps,
  held: TaskDoc,
  { signal }: StepContext,
): Promise<void> {
  const { provider, dialect, settings } = accountOf(deps, held.account);
  const { durations } = settings;
  const at = deps.clock.now();
  if (heldJobOf(held))
    return write(deps, held, [{ type: "adopt", at, timeoutAt: timeoutAt(at, durations) }], at);
  const { intent } = held;
  if (!intent) throw new Error(`task ${held.id} is unknown without an intent`);
  const sweep = await deps.store.load("sweep", held.account);
  const seq = sweep?.seq ?? 0;
  const later = (await deps.store.now()) + durations.sweepMs;
  const isDeclared = isDeclaredNotCreated(held);
  const candidates = sweep?.candidates?.[held.id] ?? [];
  if (candidates.length > 0 && !isDeclared) {
    // One is held provisionally by the next pass; of several somebody has to say which, unless one of them ends.
    const waitsFor = candidates.length > 1 ? "operator" : "sweep";
    if (held.waitsFor === waitsFor) return deps.store.release("task", held, later);
    return write(deps, held, [{ type: "hold", waitsFor }], later);
  }
  const giveUp = async (...first: readonly TaskCommand[]): Promise<void> => {
    const suspect = dialect.tags === "hidden" ? attemptWindow(held) : null;
    // Before the attempt is forgotten: its job may be found all the same, by its results.
    if (suspect) await deps.store.signal("sweep", [held.account], { type: "suspect", suspect });
    if (isDeclared)
      deps.log.warn({ taskId: held.id, attempt: held.attempt }, "attempt given up on an operator's word");
    return write(deps, held, [...first, { type: "giveUpAttempt" }], at);
  };
  if (intent.revokedSeq !== null) {
    if (seq < intent.revokedSeq + SWEEPS_AFTER_REVOKE && !isDeclared)
      return deps.store.release("task", held, later);
    return giveUp();
  }
  // The sweep under way when the intent was written may have passed its place already: it does not count.
  const clean = seq >= intent.sweepSeq + 1 + CLEAN_SWEEPS;
  const quiet = at - intent.at >= durations.quietMs;
  if (!(clean && quiet) && !isDeclared) {
    const waitsFor = clean ? "quiet" : "sweep";
    if (held.waitsFor === waitsFor) return deps.store.release("task", held, later);
    return write(deps, held, [{ type: "hold", waitsFor }], later);
  }
  try {
    if (intent.fileId !== null) await provider.remove(intent.fileId, { signal });
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error;
    deps.log.warn({ taskId: held.id, why: error.why, code: error.code }, "file not revoked");
    return deps.store.release("task", held, later);
  }
  // After the file is gone: only a pass that began later is evidence.
  const revokedSeq = (await deps.store.load("sweep", held.account))?.seq ?? 0;
  const revoke = { type: "revoke", at, seq: revokedSeq } as const;
  return isDeclared ? giveUp(revoke) : write(deps, held, [revoke], later);
}

/** Decides anew where a job was seen meanwhile: then the task is adopted instead. */
async function write(
  deps: MonitorDeps,
  held: TaskDoc,
  commands: readonly TaskCommand[],
  dueAt: number,
): Promise<void> {
  const at = deps.clock.now();
  const { durations } = accountOf(deps, held.account).settings;
  await change(
    deps.store,
    "task",
    held,
    (current) =>
      heldJobOf(current)
        ? changeTask(current, { type: "adopt", at, timeoutAt: timeoutAt(at, durations) })
        : changeTask(current, ...commands),
    (next) => ({ at, release: true, dueAt: next.state === "unknown" ? dueAt : at }),
  );
}
