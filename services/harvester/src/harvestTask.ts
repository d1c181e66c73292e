import type { TaskDoc } from "@granary/domain";
import {
  changeTask,
  hasFilesToRemove,
  pauseFor,
  pauseScope,
  ProviderTrouble,
  taskFolder,
} from "@granary/domain";
import { RESULTS_ARCHIVED } from "@granary/providers";
import { accountOf, change, tracerOf } from "@granary/runtime";
import type { Step, StepContext } from "@granary/runtime";
import { applyVerdicts } from "./applyVerdicts.ts";
import { decideVerdicts } from "./decideVerdicts.ts";
import { fetchRaw, isPassing } from "./fetchRaw.ts";
import { lockSlices } from "./lockSlices.ts";
import { rejectionOf } from "./rejectionOf.ts";
import { removeFiles } from "./removeFiles.ts";
import { nextDueAt, replayTask } from "./replayTask.ts";
import type { HarvesterDeps } from "./settings.ts";

/** Takes a task from the provider's end to its own (P5): lock, fetch, decide, commit, apply. */
export const harvestTask =
  (deps: HarvesterDeps): Step<"task"> =>
  async (held, context) => {
    switch (held.state) {
      case "harvesting": {
        const committed = await harvest(deps, held, context);
        return committed ? settle(deps, committed) : undefined;
      }
      case "settling":
        return settle(deps, held);
      case "ended":
        return isReplayed(held) || !hasFilesToRemove(held)
          ? replayTask(deps, held)
          : removeFiles(deps, held, context);
      case "packing":
      case "void":
      case "planned":
      case "submitting":
      case "unknown":
      case "running":
        return deps.store.release("task", held, await deps.store.now());
    }
  };

/** Up to the commit; null where the task is not ready yet and was given back. */
async function harvest(deps: HarvesterDeps, held: TaskDoc, context: StepContext): Promise<TaskDoc | null> {
  const judged = await lockSlices(deps.store, held.id);
  let task = held;
  try {
    if (held.noFetch === null)
      task = await tracerOf(deps).inner("fetch", {}, async () => fetchRaw(deps, held, context));
  } catch (error) {
    if (!isPassing(error) && !(error instanceof ProviderTrouble)) throw error;
    // Files that came before the trouble are noted on it already.
    const current = (await deps.store.load("task", held.id)) ?? held;
    const given = areGone(deps, current, error) ? await giveUpResults(deps, held) : null;
    if (!given) {
      await waitForFiles(deps, held, current, error);
      return null;
    }
    task = given;
  }
  context.signal.throwIfAborted();
  const path = `${taskFolder(task)}/verdicts-${task.claim}.jsonl`;
  const whole = task;
  const verdicts = await tracerOf(deps).inner("decide", {}, async (span) => {
    const decided = await decideVerdicts(deps, whole, judged, path);
    span.set({ "granary.verdicts.rows": decided.rows, "granary.verdicts.retries": decided.retries });
    return decided;
  });
  await pauseWhereLimited(deps, task);
  return change(
    deps.store,
    "task",
    task,
    (current) => changeTask(current, { type: "commitVerdicts", verdicts }),
    {
      at: deps.clock.now(),
    },
  );
}

async function waitForFiles(
  deps: HarvesterDeps,
  held: TaskDoc,
  current: TaskDoc,
  error: unknown,
): Promise<void> {
  const { durations } = accountOf(deps, held.account).settings;
  const retryAfterMs = error instanceof ProviderTrouble ? (error.retryAfterMs ?? 0) : 0;
  deps.log.warn({ taskId: held.id, err: error }, "result files not there yet");
  const at = deps.clock.now();
  const dueAt = at + Math.max(durations.pollMinMs, retryAfterMs);
  // Since when a file is not found: the first time stands.
  const told = isNotFound(error) ? { code: NO_SUCH_FILE, message: error.message, at } : undefined;
  const hold = { type: "hold", waitsFor: "settle", ...(told ? { error: told } : {}) } as const;
  const isHeld = current.claim === held.claim && changeTask(current, hold) !== null;
  if (!isHeld) return deps.store.release("task", { ...current, claim: held.claim }, dueAt);
  await change(deps.store, "task", current, (doc) => changeTask(doc, hold), { at, release: true, dueAt });
}

const NO_SUCH_FILE = "results_not_found";

function isNotFound(error: unknown): error is ProviderTrouble {
  return error instanceof ProviderTrouble && error.why === "not_found";
}

/**
 * Whether results are gone for good. A provider may say so itself. A file it does not find it may find again, so that
 * its absence has to last: as long as a job's own absence must.
 */
function areGone(deps: HarvesterDeps, task: TaskDoc, error: unknown): boolean {
  if (error instanceof ProviderTrouble && error.code === RESULTS_ARCHIVED) return true;
  if (!isNotFound(error) || task.lastError?.code !== NO_SUCH_FILE) return false;
  const { quietMs, settleMs } = accountOf(deps, task.account).settings.durations;
  return deps.clock.now() - task.lastError.at >= Math.max(quietMs, settleMs);
}

/** Whatever was fetched before is judged; the other lines end `unavailable`. */
async function giveUpResults(deps: HarvesterDeps, held: TaskDoc): Promise<TaskDoc | null> {
  deps.log.error({ taskId: held.id, jobId: held.view?.jobId }, "results are no longer kept at the provider");
  const at = deps.clock.now();
  return change(
    deps.store,
    "task",
    held,
    (current) => (current.state === "harvesting" ? changeTask(current, { type: "giveUpResults" }) : null),
    { at },
  );
}

function isReplayed(task: TaskDoc): boolean {
  return task.again !== null || task.revisions.some(({ appliedAt }) => appliedAt === null);
}

/** A job that failed for a limit after its create pauses its model; for the account's sake, the account. */
async function pauseWhereLimited(deps: HarvesterDeps, task: TaskDoc): Promise<void> {
  const { dialect, settings } = accountOf(deps, task.account);
  const rejection = rejectionOf(dialect, task);
  if (!rejection || rejection.why === "request") return;
  const { why, code } = rejection;
  const scope = pauseScope(why, task.model);
  const account = await deps.store.load("account", task.account);
  const strikes = (account?.pauses[scope]?.strikes ?? 0) + 1;
  const waitMs = pauseFor({ why, strikes, random01: 0.5, baseMs: settings.durations.pollMinMs });
  const pause = { why, code, until: (await deps.store.now()) + waitMs };
  await deps.store.signal("account", [task.account], { type: "pause", scope, pause });
}

async function settle(deps: HarvesterDeps, held: TaskDoc): Promise<void> {
  if (!held.verdicts) throw new Error(`task ${held.id} settles without verdicts`);
  const { verdicts } = held;
  await tracerOf(deps).inner("apply", {}, async () => applyVerdicts(deps, held, verdicts));
  const at = deps.clock.now();
  // Files of a job that somebody else created are theirs.
  const removes = !held.foreign && (accountOf(deps, held.account).settings.files ?? "remove") === "remove";
  await change(
    deps.store,
    "task",
    held,
    (current) => changeTask(current, { type: "finish", at, removeFiles: removes }),
    (next) => ({ at, release: true, dueAt: nextDueAt(next, at) }),
  );
}
