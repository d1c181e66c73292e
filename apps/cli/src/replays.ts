import type { TaskDoc } from "@granary/domain";
import { systemClock } from "@granary/runtime";
import { findTask } from "./findRequest.ts";
import type { Workspace } from "./stack/workspace.ts";

const LOOK_MS = 200;

/** Asks for an ended task to be decided anew, and answers the number of that revision. One that is under way counts. */
export async function askReplay({ store }: Workspace, task: TaskDoc): Promise<number> {
  const n = Math.max(task.again?.n ?? 0, task.revisions.length + 1);
  await store.signal("task", [task.id], { type: "again", n });
  return n;
}

/** Resolves once a replay, or a later one, is applied. */
export async function replayApplied(workspace: Workspace, taskId: string, n: number): Promise<TaskDoc> {
  for (;;) {
    const task = await findTask(workspace, taskId);
    if (task.revisions.some(({ revision, appliedAt }) => revision >= n && appliedAt !== null)) return task;
    await systemClock.sleep(LOOK_MS);
  }
}
