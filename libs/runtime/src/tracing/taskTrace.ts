import type { Ids, Slice, Store, TaskDoc } from "@granary/domain";
import { beginTrace } from "@granary/domain";

/** Traces of requests that a shared task names. */
export const TRACES_KEPT = 100;

/**
 * The trace of a task that carries these slices: its request's; where several requests share it, one of its own, made of
 * its id, with the first TRACES_KEPT requests' beside it.
 * @throws StoreUnavailable
 */
export async function taskTrace(
  { store, ids }: { readonly store: Pick<Store, "loadMany">; readonly ids: Ids },
  taskId: string,
  slices: readonly Pick<Slice, "request">[],
): Promise<Pick<TaskDoc, "traceparent" | "traces">> {
  const requests = [...new Set(slices.map(({ request }) => request))];
  const found = await store.loadMany("request", requests.slice(0, TRACES_KEPT));
  const byId = new Map(found.map(({ id, traceparent }) => [id, traceparent]));
  const traces = requests.flatMap((id) => byId.get(id) ?? []);
  if (requests.length > 1) return { traceparent: beginTrace(ids, taskId), traces };
  const [only] = traces;
  return only === undefined ? {} : { traceparent: only };
}
