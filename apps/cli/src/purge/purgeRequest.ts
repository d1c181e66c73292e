import type { Artifacts, PurgePart, RequestDoc, Store, TaskDoc } from "@granary/domain";
import { isPurged, purgeBlocks, purgedRequest } from "@granary/domain";
import { removeRequestFiles, removeTaskFiles } from "./removeFiles.ts";

/** Rows removed in one write. */
const PAGE = 500;

/** What a purge writes to. */
export interface PurgeDeps {
  readonly store: Store;
  readonly artifacts: Artifacts;
}

/**
 * Removes parts of an ended request, in an order that may be broken off anywhere and begun again: no replay of its
 * tasks any more, the request as its tombstone, outcomes, slices, files, and last that it is done. Two at once do no
 * harm. The caller has looked at what stands in its way.
 * @returns why it was left: somebody wrote meanwhile, so that it has to be looked at again; null where it is done
 * @throws StoreUnavailable
 */
export async function purgeRequest(
  deps: PurgeDeps,
  held: RequestDoc,
  what: readonly PurgePart[],
): Promise<string | null> {
  const { store, artifacts } = deps;
  const at = await store.now();
  const tasks = await tasksOfPurge(store, held);
  for (const task of tasks) {
    const blocks = await closeToReplay(store, task, at);
    if (blocks !== null) return blocks;
  }
  const isNew = what.some((part) => !isPurged(held, part));
  const stone = isNew
    ? await store.save("request", held, purgedRequest(held, { what, at, tasks: tasks.map(({ id }) => id) }), {
        asOwner: false,
      })
    : { saved: held };
  if (!("saved" in stone)) return "it was written just then";
  const request = stone.saved;
  const { purged } = request;
  if (!purged || purged.doneAt !== null) return null;

  if (isPurged(request, "outcomes")) {
    while ((await store.removeOutcomes(request.id, PAGE)) > 0);
    // As long as files are kept, slices tell which request needs which.
    if (isPurged(request, "artifacts")) while ((await store.removeSlices(request.id, PAGE)) > 0);
  }
  await removeRequestFiles(artifacts, request, purged);
  if (isPurged(request, "artifacts"))
    for (const task of await store.loadMany("task", purged.tasks))
      if (!(await removeTaskFiles(deps, task, at))) return `its task ${task.id} was written just then`;
  const done = { ...request, purged: { ...purged, doneAt: await store.now() } };
  const saved = await store.save("request", request, done, { asOwner: false });
  return "saved" in saved || saved.found?.purged?.doneAt ? null : "it was written just then";
}

/** The tasks that carry or carried a request, also where its slices are gone. */
export async function tasksOfPurge(store: Store, request: RequestDoc): Promise<readonly TaskDoc[]> {
  const found = new Map<string, TaskDoc>();
  let after: string | undefined;
  for (;;) {
    const page = await store.tasks({ request: request.id }, { after, limit: PAGE });
    for (const task of page) found.set(task.id, task);
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  const others = (request.purged?.tasks ?? []).filter((id) => !found.has(id));
  for (const task of await store.loadMany("task", others)) found.set(task.id, task);
  return [...found.values()];
}

/** Writes onto a task that it lacks something: a replay would bring back what was removed. */
async function closeToReplay(store: Store, task: TaskDoc, at: number): Promise<string | null> {
  if (task.purged || task.state === "void") return null;
  const next = { ...task, purged: { at, filesAt: null } };
  const saved = await store.save("task", task, next, { asOwner: false });
  if ("saved" in saved || saved.found?.purged) return null;
  const [block] = saved.found
    ? purgeBlocks({ state: "ended" }, { tasks: [saved.found], retries: [], requireExport: false })
    : [];
  return block ?? `its task ${task.id} was written just then`;
}
