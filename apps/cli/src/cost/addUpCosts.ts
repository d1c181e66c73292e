import type { RequestDoc, Store } from "@granary/domain";
import { groupOfRequest, groupOfSharedTask } from "./costGrouping.ts";
import type { CostGrouping } from "./costGrouping.ts";
import { addSums, emptySum, sumOfRequest } from "./costSum.ts";
import type { CostSum } from "./costSum.ts";
import { unusedMoney } from "./unusedMoney.ts";
import type { UnusedMoney } from "./unusedMoney.ts";

const PAGE = 200;

/** What is added up. */
export interface CostQuery {
  readonly by: CostGrouping;
  readonly source?: string | undefined;
  /** Ended at or after this instant, and before that one. */
  readonly sinceAt?: number | undefined;
  readonly untilAt?: number | undefined;
  /** Only this request. */
  readonly request?: RequestDoc | undefined;
  /** How many groups are kept: those with the most money. */
  readonly limit: number;
}

/** Money by group, the dearest first. */
export interface Costs {
  readonly groups: readonly (readonly [group: string, sum: CostSum])[];
  /** Groups that the limit left out. */
  readonly omitted: number;
  /** Over all groups, also those that were left out. */
  readonly total: CostSum;
  /** Requests that have not ended, and are in no group. */
  readonly open: number;
}

/**
 * Adds up what ended requests cost. Requests and tasks are read a page at a time; what is kept is the groups and those
 * tasks that have unused money.
 */
export async function addUpCosts(store: Store, query: CostQuery): Promise<Costs> {
  const groups = new Map<string, CostSum>();
  let omitted = 0;
  let total = emptySum();
  let open = 0;
  const unusedOfRequest = await readUnused(store, query, (group, sum) => add(group, sum));

  function add(group: string, sum: CostSum): void {
    total = addSums(total, sum);
    groups.set(group, addSums(groups.get(group) ?? emptySum(), sum));
  }

  for await (const request of requestsOf(store, query)) {
    if (request.state !== "ended") {
      open += 1;
      continue;
    }
    if (!isWithin(request.endedAt, query)) continue;
    let sum = await sumOfRequest(store, request);
    for (const unused of unusedOfRequest.get(request.id) ?? []) sum = addSums(sum, sumOfUnused(unused));
    add(groupOfRequest(query.by, request), sum);
    // A request is a group of its own and comes once: the cheapest may go before all are read.
    if (query.by === "request" && groups.size >= 2 * query.limit) omitted += keepDearest(groups, query.limit);
  }
  omitted += keepDearest(groups, query.limit);
  return { groups: [...groups], omitted, total, open };
}

/** Unused money by the only request that carries it; what several share goes to a group at once. */
async function readUnused(
  store: Store,
  query: CostQuery,
  shared: (group: string, sum: CostSum) => void,
): Promise<ReadonlyMap<string, readonly UnusedMoney[]>> {
  const byRequest = new Map<string, UnusedMoney[]>();
  for await (const unused of unusedMoney(store)) {
    const { task } = unused;
    if (task.request !== null) {
      const there = byRequest.get(task.request) ?? [];
      byRequest.set(task.request, [...there, unused]);
    } else if (
      query.request === undefined &&
      isWithin(task.endedAt, query) &&
      (query.source === undefined || Object.keys(task.bySource).every((source) => source === query.source))
    )
      shared(groupOfSharedTask(query.by, task), sumOfUnused(unused));
  }
  return byRequest;
}

async function* requestsOf(store: Store, { request, source }: CostQuery): AsyncGenerator<RequestDoc> {
  if (request) {
    yield request;
    return;
  }
  for (let after: string | undefined; ;) {
    const page = await store.requests(source === undefined ? {} : { source }, { after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

function isWithin(at: number | null, { sinceAt, untilAt }: CostQuery): boolean {
  if (at === null) return sinceAt === undefined && untilAt === undefined;
  return (sinceAt === undefined || at >= sinceAt) && (untilAt === undefined || at < untilAt);
}

function sumOfUnused({ knownMicros, unknown }: UnusedMoney): CostSum {
  return { ...emptySum(), knownUnusedMicros: knownMicros, tasksOfUnknownUnused: unknown ? 1 : 0 };
}

/** Leaves the groups with the most money, in their order. Answers how many went. */
function keepDearest(groups: Map<string, CostSum>, limit: number): number {
  const dearest = [...groups].toSorted(
    ([a, one], [b, other]) => moneyOf(other) - moneyOf(one) || (a < b ? -1 : 1),
  );
  groups.clear();
  for (const [group, sum] of dearest.slice(0, limit)) groups.set(group, sum);
  return dearest.length - groups.size;
}

function moneyOf({ knownCostMicros, knownUnusedMicros }: CostSum): number {
  return knownCostMicros + knownUnusedMicros;
}
