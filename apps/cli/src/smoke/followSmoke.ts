import type { TaskDoc } from "@granary/domain";
import { dutyOf } from "@granary/domain";
import { doorbell, systemClock } from "@granary/runtime";
import { attentionOf } from "../progress/followRequests.ts";
import type { Drawing } from "../progress/followRequests.ts";
import { requestFollower } from "../progress/requestFollower.ts";
import type { Workspace } from "../stack/workspace.ts";

const LOOK_MS = 1_000;
/** The files at the provider are removed after the end, which is no reason to wait for long. */
const CLEANUP_MS = 15_000;
const TASKS = 100;

/** Follows requests to their end, or until `stop`; true where all have ended. */
export async function followSmoke(
  workspace: Workspace,
  ids: readonly string[],
  drawing: Drawing,
  stop: AbortSignal,
): Promise<boolean> {
  const follower = requestFollower(workspace, ids);
  return untilSo(workspace, stop, async () => {
    const progress = await follower.look();
    drawing.draw(progress, attentionOf(progress.tasks));
    return progress.requests.ended === progress.requests.total;
  }).finally(() => drawing.end());
}

/** Waits until nothing is left to be done about the requests' tasks, but not for long. */
export async function untilSettled(
  workspace: Workspace,
  ids: readonly string[],
  stop: AbortSignal,
): Promise<void> {
  const patience = AbortSignal.any([stop, AbortSignal.timeout(CLEANUP_MS)]);
  await untilSo(workspace, patience, async () =>
    (await tasksOf(workspace, ids)).every((task) => task.state === "ended" && dutyOf("task", task) === null),
  );
}

/** The tasks that carried the requests, each once. */
export async function tasksOf(
  { store }: Pick<Workspace, "store">,
  requests: readonly string[],
): Promise<readonly TaskDoc[]> {
  const found = new Map<string, TaskDoc>();
  for (const request of requests)
    for (const task of await store.tasks({ request }, { limit: TASKS })) found.set(task.id, task);
  return [...found.values()];
}

/** Looks whenever something was written, and now and then, until it is so or `stop` aborts. */
async function untilSo(
  workspace: Workspace,
  stop: AbortSignal,
  look: () => Promise<boolean>,
): Promise<boolean> {
  const over = new AbortController();
  const bell = doorbell(systemClock);
  const wait = bell.listener();
  const watching = workspace.watch(() => bell.ring(), over.signal);
  try {
    for (;;) {
      if (await look()) return true;
      if (stop.aborted) return false;
      await wait(LOOK_MS, stop);
    }
  } finally {
    over.abort();
    await watching;
  }
}
