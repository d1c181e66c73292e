import type { RequestDoc, Slice } from "@granary/domain";
import { changeRequest, moveOf } from "@granary/domain";
import { change } from "@granary/runtime";
import type { Step } from "@granary/runtime";
import { endSlices } from "./endSlices.ts";
import { reread } from "./reread.ts";
import type { MonitorDeps } from "./settings.ts";

const PAGE = 500;
/** An open request that nothing wakes is looked at after this long. */
const LOOK_AFTER_MS = 600_000;
/** A request that is being ended is looked at this often, so that children born meanwhile are met too. */
const ENDING_MS = 1_000;

/** Watches a running request: its deadline, its end (P7), and whether a slice is still open (P6). */
export const watchRequest =
  (deps: MonitorDeps): Step<"request"> =>
  async (claimed, { signal }) => {
    const { store } = deps;
    const held = await withDeadline(deps, claimed);
    if (held.end) await endSlices(deps, held, held.end, signal);
    else await freeLeftSlices(deps, held);
    if (await store.hasOpenSlice(held.id)) {
      // Held on the version read before the look: a wake that came since keeps the request due.
      const now = await store.now();
      const dueAt = held.end ? now + ENDING_MS : Math.min(held.deadlineAt ?? Infinity, now + LOOK_AFTER_MS);
      return store.release("request", held, dueAt);
    }
    const at = deps.clock.now();
    await change(store, "request", held, (current) => changeRequest(current, { type: "close" }), {
      at,
      release: true,
      dueAt: at,
    });
  };

/** The request, with the end that its deadline brings once it has passed. */
async function withDeadline({ store }: MonitorDeps, held: RequestDoc): Promise<RequestDoc> {
  const now = await store.now();
  if (held.end || held.deadlineAt === null || held.deadlineAt > now) return held;
  await store.signal("request", [held.id], { type: "end", at: now, why: "deadline" });
  return reread(store, "request", held);
}

/** Slices placed in a task that came to nothing wait again. */
async function freeLeftSlices({ store }: MonitorDeps, held: RequestDoc): Promise<void> {
  // A second strike says that the turn before died: perhaps after it had moved slices, and before the wake.
  if (held.strikes > 1) await store.signal("account", [held.account], { type: "wake" });
  const open: readonly Slice[] = await store.slicesOf({ request: held.id, open: true }, { limit: PAGE });
  const taskIds = new Set(
    open.flatMap(({ state, taskId }) => (state === "placed" && taskId ? [taskId] : [])),
  );
  if (taskIds.size === 0) return;
  const tasks = await store.loadMany("task", [...taskIds]);
  for (const task of tasks) {
    if (task.state !== "void" && task.state !== "ended") continue;
    const moved = await store.moveSlices(moveOf({ type: "unplace" }, { taskId: task.id }));
    if (moved.length > 0) await store.signal("account", [task.account], { type: "wake" });
  }
}
