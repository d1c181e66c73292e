import type { Outcome, RequestDoc, Slice, TaskDoc } from "@granary/domain";
import { parseSliceId } from "@granary/domain";
import { PAGE } from "./checking.ts";
import type { ReadStore } from "./checking.ts";

/** All rows of something that comes in pages, a page at a time. */
async function* pagesOf<T extends { readonly id: string }>(
  read: (after: string | undefined) => Promise<readonly T[]>,
): AsyncGenerator<readonly T[]> {
  let after: string | undefined;
  for (;;) {
    const page = await read(after);
    if (page.length > 0) yield page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

/** The requests with these ids, or all, a page at a time. */
export async function* requestPages(
  store: ReadStore,
  ids: readonly string[] | undefined,
): AsyncGenerator<readonly RequestDoc[]> {
  if (!ids) return yield* pagesOf((after) => store.requests({}, { after, limit: PAGE }));
  for (let at = 0; at < ids.length; at += PAGE)
    yield await store.loadMany("request", ids.slice(at, at + PAGE));
}

/** The tasks that carry or carried a request's slices, or all tasks. */
export function taskPages(store: ReadStore, request?: string): AsyncGenerator<readonly TaskDoc[]> {
  const filter = request === undefined ? {} : { request };
  return pagesOf((after) => store.tasks(filter, { after, limit: PAGE }));
}

/** A task's slices by id. */
export async function slicesOfTask(store: ReadStore, taskId: string): Promise<ReadonlyMap<string, Slice>> {
  const slices = new Map<string, Slice>();
  for await (const page of pagesOf((after) => store.slicesOf({ taskId }, { after, limit: PAGE })))
    for (const slice of page) slices.set(slice.id, slice);
  return slices;
}

/** A request's slices, those of one part together, generations ascending. */
export async function* partsOf(store: ReadStore, request: string): AsyncGenerator<readonly Slice[]> {
  let part: Slice[] = [];
  for await (const page of pagesOf((after) => store.slicesOf({ request }, { after, limit: PAGE })))
    for (const slice of page) {
      const [first] = part;
      if (first && parseSliceId(first.id).part !== parseSliceId(slice.id).part) {
        yield part;
        part = [];
      }
      part.push(slice);
    }
  if (part.length > 0) yield part;
}

/** Loads slices by their ids, some hundred at a time. */
export async function slicesById(
  store: ReadStore,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Slice>> {
  const found = new Map<string, Slice>();
  for (let at = 0; at < ids.length; at += PAGE)
    for (const slice of await store.loadSlices(ids.slice(at, at + PAGE))) found.set(slice.id, slice);
  return found;
}

/** Reads a request's outcomes in ordinal order, as far as it is asked. */
export interface OutcomeReader {
  /** Those not read yet whose ordinal is lower. */
  before(ordinal: number): Promise<readonly Outcome[]>;
}

export function outcomeReader(store: ReadStore, request: string): OutcomeReader {
  let waiting: readonly Outcome[] = [];
  let after: number | undefined;
  let ended = false;
  return {
    async before(ordinal) {
      const taken: Outcome[] = [];
      for (;;) {
        const count = waiting.findIndex((outcome) => outcome.ordinal >= ordinal);
        taken.push(...(count < 0 ? waiting : waiting.slice(0, count)));
        waiting = count < 0 ? [] : waiting.slice(count);
        if (waiting.length > 0 || ended) return taken;
        waiting = await store.outcomes(request, { after, limit: PAGE });
        after = waiting.at(-1)?.ordinal ?? after;
        ended = waiting.length < PAGE;
        if (waiting.length === 0) return taken;
      }
    },
  };
}
