import type { Adoption, AdoptingTask, Item, RequestDoc, Slice } from "@granary/domain";
import {
  adoptingTask,
  adoptionTaskId,
  carriedBy,
  lateTask,
  ordinalsOf,
  parseSliceId,
  slicesOfCuts,
  stampFacts,
  taskFolder,
} from "@granary/domain";
import { readPart } from "./readItems.ts";
import type { SubmitterDeps } from "./settings.ts";

/**
 * Makes the task that holds the job an accepted request adopts: slices, manifest, task. Each write may be repeated, by
 * anyone who claims the request. The slices are born placed: no packer ever sees them, and as their task is never
 * void, nothing gives them back. Creates nothing at the provider.
 */
export async function takeOverJob(
  deps: SubmitterDeps,
  request: RequestDoc,
  adoption: Adoption,
): Promise<void> {
  const { store, artifacts, ids, instance, clock } = deps;
  const { account, contentSha } = request;
  const { jobId } = adoption;
  const id = adoptionTaskId(ids, instance, { account, jobId, request: request.id, contentSha });
  const slices = slicesOfCuts(request).map((slice): Slice => ({ ...slice, state: "placed", taskId: id }));
  await store.insertSlices(slices);
  const path = `${taskFolder({ id, request: request.id })}/manifest.jsonl`;
  const { existed: _existed, ...manifest } = await artifacts.put(path, manifestLines(deps, request, slices));
  const given: AdoptingTask = {
    id,
    by: ids.nonce(),
    request,
    adoption,
    manifest,
    carried: {
      ...carriedBy(slices),
      ...(request.traceparent === null ? {} : { traceparent: request.traceparent }),
    },
    at: clock.now(),
  };
  const holder = await holderOf(deps, account, jobId);
  if (holder !== null && holder !== id) return comeLate(deps, given, holder);
  const { next, facts } = adoptingTask(given);
  try {
    await store.insertOnce("task", next, stampFacts("task", next, facts, given.at));
  } catch (error) {
    // Jobs are held once in the whole store: another request may have adopted this one since we looked.
    const first = await holderOf(deps, account, jobId);
    if (first === null || first === id) throw error;
    await comeLate(deps, given, first);
  }
}

/** The task that holds a job; null where none does. */
async function holderOf({ store }: SubmitterDeps, account: string, jobId: string): Promise<string | null> {
  return (await store.byJob(account, [jobId])).get(jobId)?.id ?? null;
}

/** Ends the request whose job another one adopted in the same moment: its items end as cancelled, and are not paid. */
async function comeLate({ store, log }: SubmitterDeps, given: AdoptingTask, heldBy: string): Promise<void> {
  const { request, adoption, at } = given;
  log.warn(
    { request: request.id, jobId: adoption.jobId, taskId: heldBy },
    "job was adopted by another request",
  );
  await store.signal("request", [request.id], { type: "end", at, why: "cancelled" });
  await store.insertOnce("task", lateTask(given, heldBy));
}

/** One row a line of the job's input, with the custom id it carries: the item's key. */
async function* manifestLines(
  { artifacts }: SubmitterDeps,
  request: RequestDoc,
  slices: readonly Slice[],
): AsyncGenerator<Uint8Array> {
  let line = 0;
  for (const slice of slices) {
    const items = await readPart(artifacts, request, parseSliceId(slice.id).part);
    let rows = "";
    for (const ordinal of ordinalsOf(slice.members))
      rows += `${JSON.stringify({ line: line++, slice: slice.id, ordinal, customId: keyOf(items, ordinal) })}\n`;
    yield Buffer.from(rows);
  }
}

function keyOf(items: ReadonlyMap<number, Item>, ordinal: number): string {
  const item = items.get(ordinal);
  if (!item) throw new Error(`the input has no item ${ordinal}`);
  return item.key;
}
