import type { TaskDoc } from "@granary/domain";
import { changeTask, pauseFor, pauseScope, ProviderTrouble, taskFolder } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { Step, StepContext } from "@granary/runtime";
import { applyVerdicts } from "./applyVerdicts.ts";
import { decideVerdicts } from "./decideVerdicts.ts";
import { fetchRaw, isPassing } from "./fetchRaw.ts";
import { lockSlices } from "./lockSlices.ts";
import { rejectionOf } from "./rejectionOf.ts";
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
        return replayTask(deps, held);
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
    if (held.noFetch === null) task = await fetchRaw(deps, held, context);
  } catch (error) {
    if (!isPassing(error) && !(error instanceof ProviderTrouble)) throw error;
    await waitForFiles(deps, held, error);
    return null;
  }
  context.signal.throwIfAborted();
  const verdicts = await decideVerdicts(
    deps,
    task,
    judged,
    `${taskFolder(task)}/verdicts-${task.claim}.jsonl`,
  );
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

async function waitForFiles(deps: HarvesterDeps, held: TaskDoc, error: unknown): Promise<void> {
  const { durations } = accountOf(deps, held.account).settings;
  const retryAfterMs = error instanceof ProviderTrouble ? (error.retryAfterMs ?? 0) : 0;
  deps.log.warn({ taskId: held.id, err: error }, "result files not there yet");
  const at = deps.clock.now();
  const dueAt = at + Math.max(durations.pollMinMs, retryAfterMs);
  const current = (await deps.store.load("task", held.id)) ?? held;
  if (current.waitsFor === "settle" || current.claim !== held.claim)
    return deps.store.release("task", { ...current, claim: held.claim }, dueAt);
  await change(deps.store, "task", current, (doc) => changeTask(doc, { type: "hold", waitsFor: "settle" }), {
    at,
    release: true,
    dueAt,
  });
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
  await applyVerdicts(deps, held, held.verdicts);
  const at = deps.clock.now();
  await change(
    deps.store,
    "task",
    held,
    (current) => changeTask(current, { type: "finish", at }),
    (next) => ({ at, release: true, dueAt: nextDueAt(next, at) }),
  );
}
