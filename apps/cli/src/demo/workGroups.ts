import type { CheckedWorkload } from "../workload/checkWorkload.ts";
import type { Submitted } from "../workload/submitWorkload.ts";

/** Requests that are told as one: a request of its own, or all that one `each` section became. */
export interface WorkGroup {
  readonly name: string;
  /** Our ids. */
  readonly ids: readonly string[];
}

/** The workload's requests as they stand in the file, each under the section it came from. */
export function workGroups(
  { sections }: CheckedWorkload,
  accepted: readonly Submitted[],
): readonly WorkGroup[] {
  const groups = sections.map(({ section, header }) => ({
    source: header.source,
    requestId: header.requestId,
    each: section.each,
    ids: [] as string[],
  }));
  // The longest beginning wins: `mail-x` may be the name of a section, and of an item of the section `mail`.
  const byLength = groups.toSorted((a, b) => b.requestId.length - a.requestId.length);
  for (const { id, source, requestId } of accepted) {
    const mine = byLength.filter((group) => group.source === source);
    const group =
      mine.find((one) => !one.each && one.requestId === requestId) ??
      mine.find((one) => one.each && requestId.startsWith(`${one.requestId}-`));
    group?.ids.push(id);
  }
  return groups
    .filter(({ ids }) => ids.length > 0)
    .map(({ requestId, each, ids }) => ({
      name: each ? `${requestId}-… (${ids.length} requests)` : requestId,
      ids,
    }));
}
