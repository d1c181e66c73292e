import type { RequestDoc, TaskDoc } from "@granary/domain";
import { ArtifactMissing, isPurged, isPurging, PURGE_OVERDUE_MS, taskFolder, totalOf } from "@granary/domain";
import { PAGE } from "./checking.ts";
import type { Checking } from "./checking.ts";
import type { Notebook } from "./notebook.ts";

/** What a purge leaves beside the files it removed. */
const NOTE = "purged.json";

/**
 * What is said to be purged of a request is gone, and its tombstone still adds up (V1, V6). A purge under way proves
 * nothing yet: it is counted, and told once it takes too long.
 */
export async function checkPurged(checking: Checking, note: Notebook, request: RequestDoc): Promise<void> {
  const { purged } = request;
  if (!purged) return;
  const ids = { request: request.id };
  if (isPurging(request)) {
    note.met("purging");
    const hours = Math.round((checking.now - purged.at) / 3_600_000);
    if (checking.now - purged.at > PURGE_OVERDUE_MS)
      note.found("V6", request.id, `is being purged for ${hours} h: run granary purge --yes`, ids);
    return;
  }
  if (isPurged(request, "prompts")) {
    if ("path" in request.input) await demandGone(checking, note, request.input.path, ids);
    else if (request.input.inline.length > 0) note.found("V1", request.id, "has items that were purged", ids);
  }
  if (isPurged(request, "outcomes")) await checkOutcomesGone(checking, note, request);
  if (!isPurged(request, "artifacts")) return;
  for (const task of await checking.store.loadMany("task", purged.tasks))
    await checkFilesGone(checking, note, task);
}

async function checkOutcomesGone(checking: Checking, note: Notebook, request: RequestDoc): Promise<void> {
  const { store } = checking;
  const ids = { request: request.id };
  note.checked("V1", request.itemCount);
  if (!request.counts || totalOf(request.counts) !== request.itemCount)
    note.found("V1", request.id, `its tombstone does not count its ${request.itemCount} items`, ids);
  if ((await store.outcomes(request.id, { limit: 1 })).length > 0)
    note.found("V1", request.id, "has outcomes that were purged", ids);
  if (
    isPurged(request, "artifacts") &&
    (await store.slicesOf({ request: request.id }, { limit: 1 })).length > 0
  )
    note.found("V1", request.id, "has slices that were purged", ids);
  if (request.results && "inline" in request.results)
    note.found("V1", request.id, "has results that were purged", ids);
  else if (request.results) await demandGone(checking, note, request.results.path, ids);
}

/** Nothing lies in the folder of a task whose files nobody needs. */
async function checkFilesGone(checking: Checking, note: Notebook, task: TaskDoc): Promise<void> {
  const ids = { task: task.id };
  if (task.state !== "ended") return;
  if ((task.purged?.filesAt ?? null) !== null) {
    const folder = taskFolder(task);
    note.checked("V6");
    for await (const { path } of checking.deps.artifacts.list(folder))
      if (path !== `${folder}/${NOTE}`)
        note.found("V6", path, "was purged and is still there", { ...ids, path });
    return;
  }
  if (!(await isNeeded(checking, task)))
    note.found("V6", task.id, "has files, and all requests that it carried gave them up", ids);
}

/** Whether a request that keeps its files, or is still being purged, has a slice in the task. */
async function isNeeded({ store }: Checking, { id }: TaskDoc): Promise<boolean> {
  let after: string | undefined;
  for (;;) {
    const page = await store.slicesOf({ taskId: id }, { after, limit: PAGE });
    const requests = await store.loadMany("request", [...new Set(page.map(({ request }) => request))]);
    if (requests.some((request) => !isPurged(request, "artifacts") || isPurging(request))) return true;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return false;
  }
}

async function demandGone(
  { deps }: Checking,
  note: Notebook,
  path: string,
  ids: { readonly request: string },
): Promise<void> {
  note.checked("V6");
  for await (const found of deps.artifacts.list(path.slice(0, path.lastIndexOf("/"))))
    if (found.path === path) note.found("V6", path, "was purged and is still there", { ...ids, path });
}

/**
 * Whether files at this path were purged, as a note beside them says: a store that was put back from an older copy
 * does not know of it.
 */
export async function isPurgedPath({ deps }: Checking, path: string): Promise<boolean> {
  const steps = path.split("/");
  const part =
    steps.length > 2 ? "artifacts" : /^(?:input|retry)-/.test(steps[1] ?? "") ? "prompts" : "outcomes";
  for (let depth = steps.length - 1; depth > 0; depth -= 1) {
    const beside = `${steps.slice(0, depth).join("/")}/${NOTE}`;
    if ((await partsIn(deps, beside)).includes(part)) return true;
  }
  return false;
}

async function partsIn({ artifacts }: Checking["deps"], path: string): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of artifacts.read(path)) chunks.push(chunk);
  } catch (error) {
    if (error instanceof ArtifactMissing) return [];
    throw error;
  }
  const { what = [] } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { what?: readonly string[] };
  return what;
}
