import type { pollData, Reply, Store, TaskDoc } from "@granary/domain";
import { requestKey } from "@granary/domain";
import type { z } from "zod";
import { unknownRequest } from "./unknownRequest.ts";
import type { SubmitterDeps } from "./settings.ts";

const PAGE = 500;

/** Makes a task, or every task of a request that has not ended, due now. */
export async function pollNow(
  { store, ids }: SubmitterDeps,
  data: z.output<typeof pollData>,
): Promise<Reply> {
  if ("taskId" in data) {
    const task = await store.load("task", data.taskId);
    if (!task)
      return {
        id: null,
        requestId: null,
        status: "rejected",
        faults: [{ path: "taskId", message: `there is no task ${data.taskId}` }],
      };
    await store.signal("task", [task.id], { type: "wake" });
    return { id: task.request, requestId: null, status: task.state === "ended" ? "ended" : "accepted" };
  }
  const { source, requestId } = data;
  const request = await store.load("request", requestKey(ids, source, requestId));
  if (!request) return unknownRequest(source, requestId);
  const about = { id: request.id, requestId };
  if (request.state === "ended") return { ...about, status: "ended" };
  await store.signal("request", [request.id], { type: "wake" });
  for await (const tasks of tasksOf(store, request.id))
    await store.signal(
      "task",
      tasks.filter(({ state }) => state !== "ended").map(({ id }) => id),
      { type: "wake" },
    );
  return { ...about, status: "accepted" };
}

async function* tasksOf(store: Store, request: string): AsyncGenerator<readonly TaskDoc[]> {
  let after: string | undefined;
  for (;;) {
    const page = await store.tasks({ request }, { after, limit: PAGE });
    yield page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
