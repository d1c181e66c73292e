import type { Artifacts, Purged, PurgePart, RequestDoc, Store, TaskDoc } from "@granary/domain";
import { isPurged, taskFolder } from "@granary/domain";

const PAGE = 500;

/**
 * Removes the files of a request's purged parts, telling first beside them that they went on purpose: a store that is
 * put back from an older copy knows nothing of it. Repeatable.
 */
export async function removeRequestFiles(
  artifacts: Artifacts,
  request: RequestDoc,
  { at, what }: Purged,
): Promise<void> {
  await leaveNote(artifacts, request.id, { at, what });
  const folder = `${request.id}/`;
  for await (const { path } of artifacts.list(request.id)) {
    const name = path.slice(folder.length);
    const part = name.includes("/") ? null : partOf(name);
    if (part !== null && what.includes(part)) await artifacts.remove(path);
  }
}

/** Which part a file beside a request's tasks belongs to. */
function partOf(name: string): PurgePart | null {
  if (/^(?:input|retry)-/.test(name)) return "prompts";
  return name.startsWith("results-") ? "outcomes" : null;
}

/**
 * Removes a task's files where every request it carried gave them up, its own document saying so first. Repeatable.
 * @returns false where the task's document was written by somebody else just then
 */
export async function removeTaskFiles(
  { store, artifacts }: { readonly store: Store; readonly artifacts: Artifacts },
  task: TaskDoc,
  at: number,
): Promise<boolean> {
  if (task.state !== "ended" || (await isNeeded(store, task.id))) return true;
  if (task.purged?.filesAt === undefined || task.purged.filesAt === null) {
    const next = { ...task, purged: { at: task.purged?.at ?? at, filesAt: at } };
    if (!("saved" in (await store.save("task", task, next, { asOwner: false })))) return false;
  }
  const folder = taskFolder(task);
  const note = await leaveNote(artifacts, folder, { at, what: ["artifacts"] });
  for await (const { path } of artifacts.list(folder)) if (path !== note) await artifacts.remove(path);
  return true;
}

/** Whether a request that keeps its files has a slice in the task. Their documents say so before slices go. */
async function isNeeded(store: Store, taskId: string): Promise<boolean> {
  let after: string | undefined;
  for (;;) {
    const page = await store.slicesOf({ taskId }, { after, limit: PAGE });
    const requests = await store.loadMany("request", [...new Set(page.map(({ request }) => request))]);
    if (requests.some((request) => !isPurged(request, "artifacts"))) return true;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return false;
  }
}

async function leaveNote(
  artifacts: Artifacts,
  folder: string,
  { at, what }: { readonly at: number; readonly what: readonly PurgePart[] },
): Promise<string> {
  const text = `${JSON.stringify({ at: new Date(at).toISOString(), what })}\n`;
  const bytes = (async function* () {
    yield Buffer.from(text);
  })();
  return (await artifacts.put(`${folder}/purged.json`, bytes, { replace: true })).path;
}
