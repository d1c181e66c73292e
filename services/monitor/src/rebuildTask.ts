import type { ArtifactRef, JobSnapshot, Slice, TaskDoc } from "@granary/domain";
import {
  ArtifactMissing,
  bornRunning,
  carriedBy,
  changeTask,
  heldJobOf,
  isTerminal,
  moveOf,
  newTask,
  parsePoolKey,
  parseSliceId,
  stampFacts,
  taskFolder,
  timeoutAt,
} from "@granary/domain";
import { readLines } from "@granary/providers";
import { accountOf, change, taskTrace } from "@granary/runtime";
import type { MonitorDeps } from "./settings.ts";

const PAGE = 500;

/**
 * What became of a job whose task the store has forgotten. `waiting`: it will be rebuilt once what it carries is there
 * again; until then nothing may be created. `unrelated`: nothing that is still to be done in this store travelled in it.
 */
export type Rebuilt = "rebuilt" | "waiting" | "unrelated";

interface Manifest {
  readonly ref: ArtifactRef;
  readonly request: string | null;
  readonly rows: number;
  /** In the order of their first lines. */
  readonly slices: readonly string[];
}

/**
 * Makes anew the task of a job that carries our tag, in a store that was restored from an older copy, out of the manifest
 * that was written before the job was created (P4). Its slices are placed before the task is there: a crash in between
 * leaves slices that nobody packs, and the next pass goes on. What a later state of the store had taken apart again, and
 * this one still has planned, is voided first.
 */
export async function rebuildTask(
  deps: MonitorDeps,
  account: string,
  tag: string,
  job: JobSnapshot,
): Promise<Rebuilt> {
  const { store } = deps;
  const manifest = await findManifest(deps, tag);
  if (!manifest) return "unrelated";
  const wanted = await ofOpenRequests(deps, manifest.slices);
  if (wanted.length === 0) return "unrelated";
  const there = await loadSlices(deps, wanted);
  // Children of slices whose results are to be read once more: they come when those are.
  if (there.length < wanted.length) return "waiting";
  const elsewhere = there.filter(({ state, taskId }) => state === "placed" && taskId !== tag);
  if (await takeApart(deps, elsewhere)) return "waiting";
  const free = there.filter(({ state }) => state === "pending").map(({ id }) => id);
  for (let at = 0; at < free.length; at += PAGE)
    await store.moveSlices(moveOf({ type: "place", taskId: tag }, { ids: free.slice(at, at + PAGE) }));
  const placed = (await loadSlices(deps, wanted)).filter(({ taskId }) => taskId === tag);
  if (placed.length === 0) return "unrelated";
  const at = deps.clock.now();
  const { durations } = accountOf(deps, account).settings;
  const createdAt = job.createdAt ?? at;
  const adoption = {
    jobId: job.jobId,
    createdAt,
    // A job that has ended is not timed out, it is harvested.
    timeoutAt: isTerminal(job.status) ? null : timeoutAt(createdAt, durations),
  };
  const bare = {
    ...bareTask(deps, account, tag, manifest, placed),
    ...(await taskTrace(deps, tag, placed)),
  };
  const { next, facts } = bornRunning(bare, adoption, at);
  await store.insertOnce("task", next, stampFacts("task", next, facts, at));
  const { traceparent } = next;
  deps.log.warn({ taskId: tag, jobId: job.jobId, account, traceparent }, "task rebuilt from its manifest");
  return "rebuilt";
}

/** The manifest of a task, where it carried a request that is open here, or several requests. */
async function findManifest(deps: MonitorDeps, tag: string): Promise<Manifest | null> {
  const shared = await readManifest(deps, tag, null);
  if (shared) return shared;
  for (let after: string | undefined; ;) {
    const page = await deps.store.requests({ states: ["accepted", "running"] }, { after, limit: PAGE });
    for (const { id } of page) {
      const own = await readManifest(deps, tag, id);
      if (own) return own;
    }
    after = page.at(-1)?.id;
    if (page.length < PAGE) return null;
  }
}

async function readManifest(
  { artifacts, ids }: MonitorDeps,
  tag: string,
  request: string | null,
): Promise<Manifest | null> {
  const path = `${taskFolder({ id: tag, request })}/manifest.jsonl`;
  const hasher = ids.sha256();
  const slices = new Set<string>();
  let bytes = 0;
  let rows = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of artifacts.read(path)) {
      hasher.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    for await (const lines of readLines(hashed()))
      for (const { text } of lines) {
        rows += 1;
        slices.add((JSON.parse(text ?? "") as { readonly slice: string }).slice);
      }
  } catch (error) {
    if (error instanceof ArtifactMissing) return null;
    throw error;
  }
  return { ref: { path, sha256: hasher.hex(), bytes }, request, rows, slices: [...slices] };
}

/** Those of the slices whose request is here and has not ended. */
async function ofOpenRequests({ store }: MonitorDeps, slices: readonly string[]): Promise<readonly string[]> {
  const requests = [...new Set(slices.map((id) => parseSliceId(id).request))];
  const open = new Set<string>();
  for (let at = 0; at < requests.length; at += PAGE)
    for (const { id, state } of await store.loadMany("request", requests.slice(at, at + PAGE)))
      if (state !== "ended" && state !== "closing") open.add(id);
  return slices.filter((id) => open.has(parseSliceId(id).request));
}

async function loadSlices({ store }: MonitorDeps, ids: readonly string[]): Promise<readonly Slice[]> {
  const found = new Map<string, Slice>();
  for (let at = 0; at < ids.length; at += PAGE)
    for (const slice of await store.loadSlices(ids.slice(at, at + PAGE))) found.set(slice.id, slice);
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** Voids tasks that have these slices and were never sent; true where there is something to wait for. */
async function takeApart(deps: MonitorDeps, slices: readonly Slice[]): Promise<boolean> {
  const ids = [...new Set(slices.flatMap(({ taskId }) => taskId ?? []))];
  let isWaiting = false;
  for (const task of await deps.store.loadMany("task", ids)) {
    const isUnsent = task.attempt === 0 && !heldJobOf(task);
    if (!isUnsent || !["packing", "planned", "void"].includes(task.state)) continue;
    isWaiting = true;
    if (task.state !== "planned") continue;
    const at = deps.clock.now();
    await change(
      deps.store,
      "task",
      task,
      (current) =>
        current.state === "planned" && current.attempt === 0 && !heldJobOf(current)
          ? changeTask(current, { type: "void", at })
          : null,
      { at, asOwner: false, dueAt: at },
    );
  }
  return isWaiting;
}

function bareTask(
  deps: MonitorDeps,
  account: string,
  tag: string,
  { ref, request, rows }: Manifest,
  slices: readonly Slice[],
): TaskDoc {
  const [first] = slices;
  if (!first) throw new Error(`task ${tag} carries nothing`);
  const { model, endpoint } = parsePoolKey(first.poolKey);
  const bare = newTask({
    id: tag,
    by: deps.ids.nonce(),
    owner: "",
    leaseUntil: 0,
    account,
    provider: accountOf(deps, account).settings.provider,
    poolKey: first.poolKey,
    model,
    endpoint,
    priority: Math.max(...slices.map(({ priority }) => priority)),
  });
  return {
    ...bare,
    ...carriedBy(slices),
    // All lines of the manifest travelled, also those of requests that this store does not know.
    lines: rows,
    request,
    manifest: ref,
    attempt: 1,
  };
}
