import type { Counts, RequestDoc, RequestResult, TaskDoc, WaitsFor } from "@granary/domain";
import { addCounts, NO_COUNTS, totalOf } from "@granary/domain";
import type { Workspace } from "../stack/workspace.ts";

const PAGE = 500;
/** Up to this many open requests, exactly their tasks are told; with more, all that may be theirs. */
const FEW = 20;
const OPEN_STATES = [
  "packing",
  "planned",
  "submitting",
  "unknown",
  "running",
  "harvesting",
  "settling",
] as const;

/** Open tasks of one kind. */
export interface TaskGroup {
  readonly state: TaskDoc["state"];
  readonly waitsFor: WaitsFor | null;
  readonly account: string;
  readonly count: number;
  /** Lines the provider says it has done, where it says so. */
  readonly answered: number;
  /** The last error of one of them. */
  readonly lastError: TaskDoc["lastError"];
}

/** How far requests are. */
export interface Progress {
  readonly requests: { readonly total: number; readonly ended: number };
  readonly items: { readonly total: number; readonly ended: number };
  readonly counts: Counts;
  readonly results: Readonly<Partial<Record<RequestResult, number>>>;
  readonly tasks: readonly TaskGroup[];
}

/** Follows requests: each look reads again only those that had not ended. */
export interface RequestFollower {
  look(): Promise<Progress>;
}

/** A follower of these requests, by our ids. */
export function requestFollower(
  { store }: Pick<Workspace, "store">,
  ids: readonly string[],
): RequestFollower {
  let open: readonly string[] = ids;
  const sizes = new Map<string, number>();
  let total = 0;
  let ended = NO_COUNTS;
  const results: Partial<Record<RequestResult, number>> = {};

  function close(request: RequestDoc): void {
    ended = addCounts(ended, request.counts ?? NO_COUNTS);
    if (request.result) results[request.result] = (results[request.result] ?? 0) + 1;
  }

  async function lookAtOpen(): Promise<Counts> {
    const still: string[] = [];
    let partly = NO_COUNTS;
    for (let at = 0; at < open.length; at += PAGE)
      for (const request of await store.loadMany("request", open.slice(at, at + PAGE))) {
        if (!sizes.has(request.id)) {
          sizes.set(request.id, request.itemCount);
          total += request.itemCount;
        }
        if (request.state === "ended") {
          close(request);
          sizes.set(request.id, 0);
          continue;
        }
        still.push(request.id);
        if (request.itemCount > 1) partly = addCounts(partly, (await store.sumSlices(request.id)).counts);
      }
    open = still;
    return partly;
  }

  return {
    async look() {
      const partly = await lookAtOpen();
      const counts = addCounts(ended, partly);
      return {
        requests: { total: ids.length, ended: ids.length - open.length },
        items: { total, ended: totalOf(counts) },
        counts,
        results: { ...results },
        tasks: open.length === 0 ? [] : groups(await openTasks(store, open)),
      };
    },
  };
}

async function openTasks(
  store: Workspace["store"],
  requests: readonly string[],
): Promise<readonly TaskDoc[]> {
  if (requests.length > FEW) {
    const mine = new Set(requests);
    return (await pageThrough(store, {})).filter(({ request }) => request === null || mine.has(request));
  }
  const found = new Map<string, TaskDoc>();
  for (const request of requests)
    for (const task of await pageThrough(store, { request })) found.set(task.id, task);
  return [...found.values()];
}

async function pageThrough(
  store: Workspace["store"],
  filter: { readonly request?: string },
): Promise<readonly TaskDoc[]> {
  const all: TaskDoc[] = [];
  for (;;) {
    const page = await store.tasks(
      { ...filter, states: OPEN_STATES },
      { after: all.at(-1)?.id, limit: PAGE },
    );
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** Open tasks of a request, as groups of equal ones. */
export async function taskGroupsOf(
  store: Workspace["store"],
  request: string,
): Promise<readonly TaskGroup[]> {
  return groups(await pageThrough(store, { request }));
}

function groups(tasks: readonly TaskDoc[]): readonly TaskGroup[] {
  const found = new Map<string, TaskGroup>();
  for (const { state, waitsFor, account, lastError, view } of tasks) {
    const name = `${state}/${waitsFor}/${account}`;
    const group = found.get(name);
    found.set(name, {
      state,
      waitsFor,
      account,
      count: (group?.count ?? 0) + 1,
      answered: (group?.answered ?? 0) + (view?.counts?.completed ?? 0) + (view?.counts?.failed ?? 0),
      lastError: lastError ?? group?.lastError ?? null,
    });
  }
  return [...found.values()];
}
