import type { RequestDoc, TaskDoc } from "@granary/domain";
import { requestKey } from "@granary/domain";
import { EXIT, Failure } from "./failure.ts";
import type { Workspace } from "./stack/workspace.ts";

/** The source of requests that name none. */
export const DEFAULT_SOURCE = "cli";

/**
 * The request of this name: its caller's id within the source, or our own `rq…` id.
 * @throws Failure where there is none
 */
export async function findRequest(
  { store, deps }: Workspace,
  name: string,
  source: string,
): Promise<RequestDoc> {
  const found =
    (await store.load("request", requestKey(deps.ids, source, name))) ??
    (/^rq[a-z2-7]{24}$/.test(name) ? await store.load("request", name) : undefined);
  if (found) return found;
  throw new Failure(
    EXIT.wrongInput,
    `source ${source} has no request ${name}: see granary list, and give --source where it is another's`,
  );
}

/**
 * The task with this id.
 * @throws Failure where there is none
 */
export async function findTask({ store }: Workspace, id: string): Promise<TaskDoc> {
  const found = await store.load("task", id);
  if (found) return found;
  throw new Failure(EXIT.wrongInput, `there is no task ${id}: granary show REQUEST names a request's tasks`);
}

/** Whether a name can only be a task's: the tag of a provider job. */
export function isTaskId(name: string): boolean {
  return /^gr[a-z0-9]{4}-[a-z2-7]{20}$/.test(name);
}
