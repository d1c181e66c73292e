import type { Revision, SliceRepricing, TaskDoc } from "@granary/domain";
import { addCosts, parseSliceId } from "@granary/domain";
import { readVerdicts } from "./applyVerdicts.ts";
import { BULK } from "./settings.ts";
import type { HarvesterDeps } from "./settings.ts";

type LineCosts = ReadonlyMap<number, { readonly slice: string; readonly costMicros: number | null }>;

/**
 * Gives a task's slices the cost their lines have with a replay, where it is another than they had before: a function
 * of the files, so anyone may repeat it. Answers the requests of those slices.
 */
export async function repriceSlices(
  deps: HarvesterDeps,
  task: TaskDoc,
  revision: Revision,
): Promise<ReadonlySet<string>> {
  const costs = new Map<number, { slice: string; costMicros: number | null }>();
  const earlier = task.revisions.filter((other) => other.revision < revision.revision);
  for (const verdicts of task.verdicts ? [task.verdicts, ...earlier] : [])
    await addLines(deps, costs, verdicts);
  const before = sumsOf(costs);
  await addLines(deps, costs, revision);
  const repriced: SliceRepricing[] = [];
  for (const [id, costMicros] of sumsOf(costs)) {
    const fromMicros = before.get(id) ?? null;
    if (costMicros !== fromMicros) repriced.push({ id, fromMicros, costMicros });
  }
  for (let at = 0; at < repriced.length; at += BULK)
    await deps.store.repriceSlices(repriced.slice(at, at + BULK));
  return new Set(repriced.map(({ id }) => parseSliceId(id).request));
}

/** What each line costs by a file of verdicts, in place of what it cost by those before. */
async function addLines(
  deps: HarvesterDeps,
  costs: Map<number, { slice: string; costMicros: number | null }>,
  verdicts: Pick<Revision, "path">,
): Promise<void> {
  for await (const rows of readVerdicts(deps, verdicts))
    for (const { line, slice, costMicros } of rows) costs.set(line, { slice, costMicros });
}

function sumsOf(costs: LineCosts): ReadonlyMap<string, number | null> {
  const sums = new Map<string, number | null>();
  for (const { slice, costMicros } of costs.values())
    sums.set(slice, addCosts(sums.get(slice) === undefined ? 0 : (sums.get(slice) ?? null), costMicros));
  return sums;
}
