import type { Outcome, RequestDoc, RequestEnd, Slice, TaskDoc } from "@granary/domain";
import { countOne, moveOf, NO_COUNTS, NO_USAGE, ordinalsOf } from "@granary/domain";
import type { MonitorDeps } from "./settings.ts";

const PAGE = 500;

/**
 * Carries the end of a request to its open slices (P7). What waits is taken out; what travels alone has its task
 * ended; what shares a job is taken out of it and the others stay; what a harvester has locked is too late, and its
 * results stand. Repeatable, and repeated until no slice is open.
 */
export async function endSlices(
  deps: MonitorDeps,
  request: RequestDoc,
  end: RequestEnd,
  stop: AbortSignal,
): Promise<void> {
  let after: string | undefined;
  for (;;) {
    stop.throwIfAborted();
    const page = await deps.store.slicesOf({ request: request.id, open: true }, { after, limit: PAGE });
    await detach(deps, request, end, page);
    const now = await deps.store.loadSlices(page.map(({ id }) => id));
    await settleEnding(
      deps,
      end,
      now.filter(({ state }) => state === "ending"),
    );
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

async function detach(
  { store }: MonitorDeps,
  request: RequestDoc,
  end: RequestEnd,
  page: readonly Slice[],
): Promise<void> {
  const command = { type: "detach", why: end.why } as const;
  const pending = page.filter(({ state }) => state === "pending").map(({ id }) => id);
  if (pending.length > 0) await store.moveSlices(moveOf(command, { ids: pending }, { from: ["pending"] }));

  const byTask = Map.groupBy(
    page.filter(({ state }) => state === "placed"),
    ({ taskId }) => taskId ?? "",
  );
  for (const task of await store.loadMany("task", [...byTask.keys()])) {
    const ids = (byTask.get(task.id) ?? []).map(({ id }) => id);
    if (task.state === "packing") continue;
    if (task.state === "void" || task.state === "ended")
      await store.moveSlices(moveOf({ type: "unplace" }, { ids }, { ofTask: task.id }));
    else if (task.request === request.id) await endTask(store, task, end);
    else await store.moveSlices(moveOf(command, { ids }, { ofTask: task.id, from: ["placed"] }));
  }
}

async function endTask(store: MonitorDeps["store"], task: TaskDoc, end: RequestEnd): Promise<void> {
  if (!task.end) await store.signal("task", [task.id], { type: "end", at: end.at, why: end.why });
}

/** Gives the items of slices that were taken out their outcomes. A task that nobody is left in is told first. */
async function settleEnding(
  { store }: MonitorDeps,
  end: RequestEnd,
  slices: readonly Slice[],
): Promise<void> {
  if (slices.length === 0) return;
  const taskIds = new Set(slices.flatMap(({ taskId }) => (taskId ? [taskId] : [])));
  for (const task of await store.loadMany("task", [...taskIds]))
    if (!task.end && task.state !== "ended" && task.state !== "void" && !(await carriesAny(store, task.id)))
      await endTask(store, task, end);
  for (const slice of slices) {
    const rows = ordinalsOf(slice.members).map((ordinal) => outcomeOf(slice, ordinal));
    for (let at = 0; at < rows.length; at += PAGE) await store.putOutcomes(rows.slice(at, at + PAGE));
  }
  await store.settleSlices(
    slices.map((slice) => ({
      id: slice.id,
      counts: ordinalsOf(slice.members).reduce((counts) => countOne(counts, statusOf(slice)), NO_COUNTS),
      costMicros: 0,
      usage: NO_USAGE,
      cutBy: slice.endedBy === "deadline" ? "deadline" : null,
    })),
  );
}

/** Whether any slice of the task is neither taken out nor settled. */
async function carriesAny(store: MonitorDeps["store"], taskId: string): Promise<boolean> {
  let after: string | undefined;
  for (;;) {
    const page = await store.slicesOf({ taskId }, { after, limit: PAGE });
    if (page.some(({ state }) => state === "placed" || state === "harvesting")) return true;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return false;
  }
}

function statusOf({ endedBy }: Slice): "expired" | "cancelled" {
  return endedBy === "deadline" ? "expired" : "cancelled";
}

function outcomeOf(slice: Slice, ordinal: number): Outcome {
  return {
    request: slice.request,
    ordinal,
    status: statusOf(slice),
    usage: NO_USAGE,
    costMicros: 0,
    taskId: slice.taskId,
    attempt: slice.attempts,
    revision: 0,
  };
}
