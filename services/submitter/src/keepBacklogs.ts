import type { Fault, RequestDoc } from "@granary/domain";
import type { SubmitterDeps } from "./settings.ts";

/** A planned request, by its place in the batch. */
interface Candidate {
  readonly at: number;
  readonly doc: RequestDoc;
}

/** Which of the planned requests their sources' backlogs have room for, and why not the others. */
export interface BacklogDecision {
  readonly within: readonly Candidate[];
  readonly beyond: readonly (Candidate & { readonly fault: Fault })[];
}

/**
 * Holds each source to its configured backlog: a request that would take the items it has open beyond the maximum is
 * refused, and no other source's is. A request that was accepted before is let through, to be said accepted again.
 * Replicas that accept at the same moment may go beyond it by what each has in hand.
 */
export async function keepBacklogs(
  { store, catalogue }: SubmitterDeps,
  planned: readonly Candidate[],
): Promise<BacklogDecision> {
  const maximum = (source: string): number => catalogue.sources[source]?.maxBacklog ?? Infinity;
  const limited = planned.filter(({ doc }) => maximum(doc.source) !== Infinity);
  if (limited.length === 0) return { within: planned, beyond: [] };
  const open = new Map(
    Object.entries(await store.backlog([...new Set(limited.map(({ doc }) => doc.source))])),
  );
  const known = new Set(
    (
      await store.loadMany(
        "request",
        limited.map(({ doc }) => doc.id),
      )
    ).map(({ id }) => id),
  );
  const within: Candidate[] = [];
  const beyond: (Candidate & { readonly fault: Fault })[] = [];
  for (const candidate of planned) {
    const { id, source, itemCount } = candidate.doc;
    const before = open.get(source) ?? 0;
    const most = maximum(source);
    if (known.has(id) || before + itemCount <= most) {
      if (!known.has(id)) open.set(source, before + itemCount);
      known.add(id);
      within.push(candidate);
    } else
      beyond.push({
        ...candidate,
        fault: {
          path: "source",
          code: "backlog_full",
          message: `source ${source} has ${before} items open and may have ${most}: these ${itemCount} would be too many; submit them again when some have ended`,
        },
      });
  }
  return { within, beyond };
}
