import type { RequestDoc, TaskDoc } from "@granary/domain";
import { tasksOf } from "../commands/showCommand.ts";
import type { Workspace } from "../stack/workspace.ts";

const PAGE = 200;

/** The ended tasks of these requests, each once, or of the whole store where none is named. */
export async function* endedTasks(
  workspace: Workspace,
  requests: readonly RequestDoc[],
): AsyncGenerator<TaskDoc> {
  if (requests.length > 0) {
    const seen = new Set<string>();
    for (const { id } of requests)
      for (const task of await tasksOf(workspace, id))
        if (task.state === "ended" && !seen.has(task.id)) {
          seen.add(task.id);
          yield task;
        }
    return;
  }
  for (let after: string | undefined; ;) {
    const page = await workspace.store.tasks({ states: ["ended"] }, { after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
