import type { Outcome, Slice, TaskDoc, VerdictRow, VerdictsRef } from "@granary/domain";
import {
  addCosts,
  addUsage,
  ArtifactMissing,
  childSlice,
  countOne,
  NO_COUNTS,
  NO_USAGE,
  outcomeOf,
  retryNotBefore,
} from "@granary/domain";
import type { SliceSettlement } from "@granary/domain";
import { readLines } from "@granary/providers";
import { damaged, rowOf } from "./artifactRows.ts";
import { judgedSlices } from "./lockSlices.ts";
import { BULK } from "./settings.ts";
import type { HarvesterDeps } from "./settings.ts";

/** What the rows of one slice add up to. */
interface SliceSum {
  settlement: SliceSettlement;
  /** Ordinals that travel again. */
  again: number[];
  free: boolean;
  solo: boolean;
}

/**
 * Applies committed verdicts: outcomes, then child slices, then the slices settled, then their requests woken. Every
 * write is a function of the file, so anyone may repeat it, and a second one at the same time writes the same.
 */
export async function applyVerdicts(
  deps: HarvesterDeps,
  task: TaskDoc,
  verdicts: VerdictsRef,
): Promise<void> {
  const { store } = deps;
  const sums = new Map<string, SliceSum>();
  for await (const rows of readVerdicts(deps, verdicts)) {
    await putOutcomes(deps, task, rows, 0);
    for (const row of rows) add(sums, row);
  }
  const judged = await judgedSlices(store, task.id);
  // A slice without a row would stay open for ever: the file has one for every line of every judged slice.
  for (const id of judged.keys())
    if (!sums.has(id)) throw new ArtifactMissing(`${verdicts.path}, rows of ${id}`);
  const children = await childrenOf(deps, judged, sums, verdicts.at);
  for (const slices of pages(children)) await store.insertSlices(slices);
  for (const rows of pages([...sums.values()]))
    await store.settleSlices(rows.map(({ settlement }) => settlement));
  const requests = [...new Set([...judged.values()].map(({ request }) => request))];
  for (const ids of pages(requests)) await store.signal("request", ids, { type: "wake" });
  if (children.length > 0) await store.signal("account", [task.account], { type: "wake" });
}

/** Writes the outcomes of final rows. One that contradicts what is there is an incident: the first one stands. */
export async function putOutcomes(
  { store, log }: HarvesterDeps,
  task: TaskDoc,
  rows: readonly VerdictRow[],
  revision: number,
): Promise<void> {
  const outcomes: Outcome[] = rows
    .filter(({ end }) => end === "final")
    .map((row) => outcomeOf(row, task.id, revision));
  if (outcomes.length === 0) return;
  const { different } = await store.putOutcomes(outcomes);
  if (different.length > 0)
    log.error(
      { taskId: task.id, outcomes: different.slice(0, 10), count: different.length },
      "outcomes contradict",
    );
}

/** The rows of a verdicts file, some hundred at a time. @throws ArtifactMissing where one is not what was written */
export async function* readVerdicts(
  { artifacts }: Pick<HarvesterDeps, "artifacts">,
  { path }: Pick<VerdictsRef, "path">,
): AsyncGenerator<readonly VerdictRow[]> {
  let rows: VerdictRow[] = [];
  let count = 0;
  for await (const lines of readLines(artifacts.read(path)))
    for (const { text } of lines) {
      const row = rowOf(text, path, count++);
      if (!isVerdictRow(row)) throw damaged(path, count - 1);
      rows.push(row);
      if (rows.length < BULK) continue;
      yield rows;
      rows = [];
    }
  if (rows.length > 0) yield rows;
}

/** What is added up, and names what is written. */
function isVerdictRow(row: unknown): row is VerdictRow {
  if (typeof row !== "object" || row === null) return false;
  const { slice, ordinal, end, status, usage, costMicros } = row as Partial<
    Record<keyof VerdictRow, unknown>
  >;
  return (
    typeof slice === "string" &&
    Number.isSafeInteger(ordinal) &&
    (end === "final" || end === "retry") &&
    typeof status === "string" &&
    typeof usage === "object" &&
    usage !== null &&
    (costMicros === null || typeof costMicros === "number")
  );
}

function add(sums: Map<string, SliceSum>, row: VerdictRow): void {
  const sum = sums.get(row.slice) ?? {
    settlement: { id: row.slice, counts: NO_COUNTS, costMicros: 0, usage: NO_USAGE, cutBy: null },
    again: [],
    free: false,
    solo: false,
  };
  const { settlement } = sum;
  sum.settlement = {
    ...settlement,
    counts: row.end === "final" ? countOne(settlement.counts, row.status, row.reason) : settlement.counts,
    costMicros: addCosts(settlement.costMicros, row.costMicros),
    usage: addUsage(settlement.usage, row.usage),
    cutBy: settlement.cutBy ?? (row.end === "final" ? (row.cutBy ?? null) : null),
  };
  if (row.end === "retry") {
    sum.again.push(row.ordinal);
    sum.free ||= row.free === true;
    sum.solo ||= row.solo === true;
  }
  sums.set(row.slice, sum);
}

async function childrenOf(
  { store }: HarvesterDeps,
  judged: ReadonlyMap<string, Slice>,
  sums: ReadonlyMap<string, SliceSum>,
  decidedAt: number,
): Promise<readonly Slice[]> {
  const parents = [...judged.values()].filter(({ id }) => (sums.get(id)?.again.length ?? 0) > 0);
  const children: Slice[] = [];
  for (const page of pages(parents)) {
    const requests = await store.loadMany("request", [...new Set(page.map(({ request }) => request))]);
    const retryOf = new Map(requests.map(({ id, retry }) => [id, retry]));
    for (const parent of page) {
      const sum = sums.get(parent.id);
      const policy = retryOf.get(parent.request);
      if (!sum || !policy) continue;
      const ordinals = sum.again.toSorted((a, b) => a - b);
      children.push(
        childSlice(parent, ordinals, {
          attempts: parent.attempts + (sum.free ? 0 : 1),
          notBefore: sum.free ? decidedAt : retryNotBefore(policy, parent.attempts, decidedAt),
          solo: sum.solo,
        }),
      );
    }
  }
  return children;
}

function* pages<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += BULK) yield rows.slice(at, at + BULK);
}
