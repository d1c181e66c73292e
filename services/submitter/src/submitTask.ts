import type { Store, TaskDoc } from "@granary/domain";
import { changeTask, dutyOf, heldJobOf, moveOf, timeoutAt } from "@granary/domain";
import type { TaskCommand } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { Step } from "@granary/runtime";
import { admitTask } from "./admitTask.ts";
import type { Admitted } from "./admitTask.ts";
import { createJob } from "./createJob.ts";
import { isCreateOpenElsewhere } from "./openCreate.ts";
import type { SubmitterDeps } from "./settings.ts";

const PAGE = 500;
/** A void task gives back what is placed in it this often, for this long: a late packer may still place. */
const VOID_TURN_MS = 60_000;
const VOID_LIFE_MS = 24 * 3_600_000;

/** Takes a task from packing to a provider job: the submitter's part of the state table. */
export const submitTask =
  (deps: SubmitterDeps): Step<"task"> =>
  async (held, context) => {
    switch (held.state) {
      case "packing":
        // Only a dead packer's task is ever claimed.
        return write(deps, held, { type: "void", at: deps.clock.now() });
      case "void":
        return emptyVoid(deps, held);
      case "planned": {
        const admitted = await admit(deps, held);
        return admitted ? createJob(deps, admitted, context) : undefined;
      }
      case "submitting":
        if (await settledWithoutCreate(deps, held)) return undefined;
        if (held.intent)
          return write(deps, held, {
            type: "loseAnswer",
            at: deps.clock.now(),
            why: "the process that sent the create did not live to record its answer",
          });
        if (deps.epoch?.waitsFor() != null)
          return deps.store.release("task", held, await untilSwept(deps, held));
        return createJob(deps, held, context);
      case "unknown":
      case "running":
      case "harvesting":
      case "settling":
      case "ended":
        return deps.store.release("task", held, await deps.store.now());
    }
  };

/** What ends a task's way before any create: a job of ours is there already, or nobody wants it any more. */
async function settledWithoutCreate(deps: SubmitterDeps, held: TaskDoc): Promise<boolean> {
  const at = deps.clock.now();
  const { durations } = accountOf(deps, held.account).settings;
  if (heldJobOf(held)) await write(deps, held, { type: "adopt", at, timeoutAt: timeoutAt(at, durations) });
  else if (held.end && !held.intent) await write(deps, held, { type: "finishUnsent", at });
  else return false;
  return true;
}

async function admit(deps: SubmitterDeps, held: TaskDoc): Promise<TaskDoc | null> {
  if (await settledWithoutCreate(deps, held)) return null;
  const at = deps.clock.now();
  const placed = await countPlaced(deps.store, held.id);
  if (placed < held.sliceCount && held.attempt === 0) {
    // Somebody was taken out before anything was sent: the others are packed anew, and nothing is paid for nobody.
    await write(deps, held, { type: "void", at });
    return null;
  }
  if (placed === 0) {
    await write(deps, held, { type: "finishUnsent", at });
    return null;
  }
  const result = await admitUnlessRestored(deps, held);
  if ("admitted" in result) return result.admitted;
  if ("moot" in result) {
    await deps.store.release("task", held, at);
    return null;
  }
  const { waitsFor, untilAt } = result.held;
  if (result.task.waitsFor === waitsFor) await deps.store.release("task", result.task, untilAt);
  else
    await change(
      deps.store,
      "task",
      result.task,
      (current) => changeTask(current, { type: "hold", waitsFor }),
      {
        at,
        release: true,
        dueAt: untilAt,
      },
    );
  return null;
}

/** A store that was restored from an older copy creates nothing until it knows again what it had created. */
async function admitUnlessRestored(deps: SubmitterDeps, held: TaskDoc): Promise<Admitted> {
  const waitsFor = deps.epoch?.waitsFor() ?? null;
  if (waitsFor !== null)
    return { held: { admit: false, waitsFor, untilAt: await untilSwept(deps, held) }, task: held };
  if (await isCreateOpenElsewhere(deps, held)) {
    const { pollMinMs } = accountOf(deps, held.account).settings.durations;
    const untilAt = (await deps.store.now()) + pollMinMs;
    return { held: { admit: false, waitsFor: "grant", untilAt }, task: held };
  }
  return admitTask(deps, held);
}

async function untilSwept(deps: SubmitterDeps, { account }: TaskDoc): Promise<number> {
  return (await deps.store.now()) + accountOf(deps, account).settings.durations.sweepMs;
}

async function countPlaced(store: Store, taskId: string): Promise<number> {
  let placed = 0;
  let after: string | undefined;
  for (;;) {
    const page = await store.slicesOf({ taskId }, { after, limit: PAGE });
    placed += page.filter(({ state }) => state === "placed").length;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return placed;
  }
}

async function emptyVoid({ store, clock }: SubmitterDeps, held: TaskDoc): Promise<void> {
  const moved = await store.moveSlices(moveOf({ type: "unplace" }, { taskId: held.id }));
  // A second strike says that the turn before died: perhaps after the move, and before the wake.
  if (moved.length > 0 || held.strikes > 1) await store.signal("account", [held.account], { type: "wake" });
  const at = clock.now();
  if (at - (held.voidedAt ?? at) < VOID_LIFE_MS) return store.release("task", held, at + VOID_TURN_MS);
  await change(
    store,
    "task",
    held,
    (current) => changeTask(current, { type: "endVoid", at }),
    // A job of it that was seen just now is still to be closed.
    (next) => ({ at, release: true, dueAt: dutyOf("task", next) === null ? null : at }),
  );
}

/** Writes one step and gives the task back, due at once for whoever is next. */
async function write({ store, clock }: SubmitterDeps, held: TaskDoc, command: TaskCommand): Promise<void> {
  const at = clock.now();
  await change(store, "task", held, (current) => changeTask(current, command), {
    at,
    release: true,
    dueAt: at,
  });
}
