import type { Slice, Store } from "@granary/domain";
import { moveOf } from "@granary/domain";
import { BULK } from "./settings.ts";

/**
 * Locks what is placed in a task, until nothing more is: from here no cancellation or deadline wins. Answers the
 * slices whose lines are to be judged, also those an earlier turn had locked.
 */
export async function lockSlices(store: Store, taskId: string): Promise<ReadonlyMap<string, Slice>> {
  while ((await store.moveSlices(moveOf({ type: "lock" }, { taskId }))).length > 0);
  return judgedSlices(store, taskId);
}

/** A task's slices that its verdicts speak of: locked ones, and those that are settled by them. */
export async function judgedSlices(store: Store, taskId: string): Promise<ReadonlyMap<string, Slice>> {
  const judged = new Map<string, Slice>();
  let after: string | undefined;
  for (;;) {
    const page = await store.slicesOf({ taskId }, { after, limit: BULK });
    for (const slice of page)
      if (slice.state === "harvesting" || (slice.state === "settled" && slice.endedBy === null))
        judged.set(slice.id, slice);
    after = page.at(-1)?.id;
    if (page.length < BULK) return judged;
  }
}
