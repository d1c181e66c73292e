import type { PurgePart, RequestDoc, Retention, Store } from "@granary/domain";
import { duePurge, isPurging, purgeBlocks } from "@granary/domain";
import type { PurgeDeps } from "./purgeRequest.ts";
import { tasksOfPurge } from "./purgeRequest.ts";
import { purgeBytes } from "./purgeSize.ts";

const PAGE = 500;

/** What would be removed of a request, and what stands in the way. */
export interface PurgePlan {
  readonly request: RequestDoc;
  readonly what: readonly PurgePart[];
  /** Begun before, and not done. */
  readonly pending: boolean;
  /** Of recorded files, at most: what another request needs stays. */
  readonly bytes: number;
  /** Empty where it may go. */
  readonly blocks: readonly string[];
}

/** Looks at one request. `requireExport` is asked for by rules alone. */
export async function planOf(
  store: Store,
  request: RequestDoc,
  what: readonly PurgePart[],
  { retries, requireExport }: { readonly retries: OpenRetries; readonly requireExport: boolean },
): Promise<PurgePlan> {
  const pending = isPurging(request);
  const tasks = request.state === "ended" ? await tasksOfPurge(store, request) : [];
  const around = { tasks, retries: retries.get(request.id) ?? [], requireExport };
  const bytes = purgeBytes(request, tasks, what);
  return { request, what, pending, bytes, blocks: purgeBlocks(request, around) };
}

/** Everything that rules let go by now, and what was begun before, the oldest end first. */
export async function* planByRules(
  { store }: Pick<PurgeDeps, "store">,
  rules: { readonly of: (source: string) => Retention; readonly source?: string | undefined },
): AsyncGenerator<PurgePlan> {
  const now = await store.now();
  const retries = await openRetries(store);
  const filter = rules.source === undefined ? {} : { source: rules.source };
  let after: { readonly endedAt: number; readonly id: string } | undefined;
  for (;;) {
    // An erasure is finished at once, whatever its age.
    const page = await store.endedRequests({ ...filter, endedBy: now }, { after, limit: PAGE });
    for (const request of page) {
      const retention = rules.of(request.source);
      const what = duePurge(request, retention, now);
      if (what.length === 0 && !isPurging(request)) continue;
      const requireExport = (retention.requireExport ?? false) && !isPurging(request);
      yield planOf(store, request, what, { retries, requireExport });
    }
    const last = page.at(-1);
    if (last) after = { endedAt: last.endedAt ?? now, id: last.id };
    if (page.length < PAGE) return;
  }
}

/** The caller's ids of requests that have not ended and repeat another's items, by that one's id. */
export type OpenRetries = ReadonlyMap<string, readonly string[]>;

/** Reads what has not ended. */
export async function openRetries(store: Store): Promise<OpenRetries> {
  const found = new Map<string, readonly string[]>();
  let after: string | undefined;
  for (;;) {
    const page = await store.requests({ states: ["accepted", "running", "closing"] }, { after, limit: PAGE });
    for (const { parent, requestId } of page)
      if (parent !== null) found.set(parent, [...(found.get(parent) ?? []), requestId]);
    after = page.at(-1)?.id;
    if (page.length < PAGE) return found;
  }
}

/** Whether any rule removes anything. */
export function removesAnything({ promptsMs, artifactsMs, outcomesMs }: Retention): boolean {
  return [promptsMs, artifactsMs, outcomesMs].some((ms) => ms !== undefined);
}
