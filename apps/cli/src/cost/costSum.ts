import type { RequestDoc, Store, Usage } from "@granary/domain";
import { addUsage, NO_USAGE } from "@granary/domain";

const PAGE = 500;

/** Money, items and tokens added up. What is not known is counted beside, never taken for nothing. Micro-dollars. */
export interface CostSum {
  requests: number;
  items: number;
  succeeded: number;
  /** What is known; the whole cost where nothing is unknown. */
  knownCostMicros: number;
  /** Requests a part of whose cost is not known, and their items of which it is not. */
  requestsOfUnknownCost: number;
  itemsOfUnknownCost: number;
  /** Paid for lines nobody waits for and for surplus jobs, as far as it is known. */
  knownUnusedMicros: number;
  /** Tasks the unused money of which is not known. */
  tasksOfUnknownUnused: number;
  knownEstimateMicros: number;
  requestsWithoutEstimate: number;
  usage: Usage;
}

/** Nothing yet. */
export function emptySum(): CostSum {
  return {
    requests: 0,
    items: 0,
    succeeded: 0,
    knownCostMicros: 0,
    requestsOfUnknownCost: 0,
    itemsOfUnknownCost: 0,
    knownUnusedMicros: 0,
    tasksOfUnknownUnused: 0,
    knownEstimateMicros: 0,
    requestsWithoutEstimate: 0,
    usage: NO_USAGE,
  };
}

/** The sum of two sums. */
export function addSums(a: CostSum, b: CostSum): CostSum {
  return {
    requests: a.requests + b.requests,
    items: a.items + b.items,
    succeeded: a.succeeded + b.succeeded,
    knownCostMicros: a.knownCostMicros + b.knownCostMicros,
    requestsOfUnknownCost: a.requestsOfUnknownCost + b.requestsOfUnknownCost,
    itemsOfUnknownCost: a.itemsOfUnknownCost + b.itemsOfUnknownCost,
    knownUnusedMicros: a.knownUnusedMicros + b.knownUnusedMicros,
    tasksOfUnknownUnused: a.tasksOfUnknownUnused + b.tasksOfUnknownUnused,
    knownEstimateMicros: a.knownEstimateMicros + b.knownEstimateMicros,
    requestsWithoutEstimate: a.requestsWithoutEstimate + b.requestsWithoutEstimate,
    usage: addUsage(a.usage, b.usage),
  };
}

/** What an ended request comes to, its unused money apart. */
export async function sumOfRequest(store: Store, request: RequestDoc): Promise<CostSum> {
  const { costMicros, estimateMicros } = request;
  const unknown = costMicros === null ? await knownPart(store, request.id) : null;
  return {
    ...emptySum(),
    requests: 1,
    items: request.itemCount,
    succeeded: request.counts?.succeeded ?? 0,
    knownCostMicros: unknown?.micros ?? costMicros ?? 0,
    requestsOfUnknownCost: unknown ? 1 : 0,
    itemsOfUnknownCost: unknown?.items ?? 0,
    knownEstimateMicros: estimateMicros ?? 0,
    requestsWithoutEstimate: estimateMicros === null ? 1 : 0,
    usage: request.usage ?? NO_USAGE,
  };
}

/** What is known of a cost that is not: outcomes leave out attempts that failed, slices leave out their unknown rest. */
async function knownPart(store: Store, request: string): Promise<{ micros: number; items: number }> {
  let ofItems = 0;
  let items = 0;
  for (let after: number | undefined; ;) {
    const page = await store.outcomes(request, { after, limit: PAGE });
    for (const { costMicros } of page)
      if (costMicros === null) items += 1;
      else ofItems += costMicros;
    after = page.at(-1)?.ordinal;
    if (page.length < PAGE) break;
  }
  let ofSlices = 0;
  for (let after: string | undefined; ;) {
    const page = await store.slicesOf({ request }, { after, limit: PAGE });
    for (const { costMicros } of page) ofSlices += costMicros ?? 0;
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  return { micros: Math.max(ofItems, ofSlices), items };
}
