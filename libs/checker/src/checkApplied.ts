import type { Outcome, Slice, TaskDoc } from "@granary/domain";
import { canonicalJson, NO_USAGE, ordinalsOf, outcomeId, parseSliceId, sliceId } from "@granary/domain";
import { PAGE } from "./checking.ts";
import type { Checking, ReadStore } from "./checking.ts";
import { isJudged } from "./lineMap.ts";
import type { Notebook } from "./notebook.ts";
import { slicesById } from "./pages.ts";
import { outcomeDigest } from "./verdictBook.ts";
import type { FinalRow, SliceRows, VerdictBook } from "./verdictBook.ts";

/**
 * Every final row stands as its outcome (V2), and no other task ended the item (V3).
 * @param applied false while the verdicts are being applied: outcomes may be missing then
 */
export async function checkOutcomes(
  { store }: Checking,
  note: Notebook,
  task: TaskDoc,
  { finals }: VerdictBook,
  applied: boolean,
): Promise<void> {
  for (const [request, rows] of finals) {
    const ordinals = [...rows.keys()].toSorted((a, b) => a - b);
    for await (const [ordinal, outcome] of outcomesAt(store, request, ordinals)) {
      note.checked("V2");
      const row = rows.get(ordinal) ?? [];
      const id = outcomeId(request, ordinal);
      const ids = { request, ordinal, task: task.id, ...(row[0] ? { slice: row[0].slice } : {}) };
      const fault = outcome ? faultOf(outcome, row, task) : applied ? "was judged and has no outcome" : null;
      if (fault) note.found("V2", id, fault, ids);
    }
  }
}

function faultOf(outcome: Outcome, rows: readonly FinalRow[], task: TaskDoc): string | null {
  if (outcome.taskId !== task.id)
    return `was ended by ${task.id}, its outcome names ${outcome.taskId ?? "no task"}`;
  const row = rows.findLast(({ revision }) => revision === outcome.revision);
  if (!row) return `has revision ${outcome.revision}, which its task never made`;
  const newest = rows.findLast(({ applied }) => applied);
  if (newest && newest.revision > outcome.revision)
    return `has revision ${outcome.revision}, its task applied ${newest.revision}`;
  if (row.digest === outcomeDigest(outcome)) return null;
  if (row.status !== outcome.status || row.reason !== outcome.reason)
    return `is ${outcome.status} ${outcome.reason ?? ""}, the verdict was ${row.status} ${row.reason ?? ""}`;
  if (row.costMicros !== outcome.costMicros)
    return `cost ${outcome.costMicros}, the verdict says ${row.costMicros}`;
  return "has another answer, error, usage, attempt or place than its verdict";
}

/** Items that lie close together are read together. */
const NEAR = 50;

/** The outcomes of these ordinals, ascending. */
async function* outcomesAt(
  store: ReadStore,
  request: string,
  ordinals: readonly number[],
): AsyncGenerator<readonly [number, Outcome | undefined]> {
  let page = new Map<number, Outcome>();
  let upTo = -1;
  for (const [index, ordinal] of ordinals.entries()) {
    if (ordinal > upTo) {
      let last = index;
      while (last + 1 < ordinals.length && (ordinals[last + 1] ?? 0) - (ordinals[last] ?? 0) <= NEAR)
        last += 1;
      const limit = Math.min(PAGE, (ordinals[last] ?? ordinal) - ordinal + 1);
      const found = await store.outcomes(request, { after: ordinal - 1, limit });
      page = new Map(found.map((outcome) => [outcome.ordinal, outcome]));
      upTo = found.length < limit ? Infinity : (found.at(-1)?.ordinal ?? Infinity);
    }
    yield [ordinal, page.get(ordinal)];
  }
}

/** Every judged slice adds up to its rows (V11, V3), and its child carries what was to travel again (V4). */
export async function checkSlices(
  { store }: Checking,
  note: Notebook,
  task: TaskDoc,
  slices: ReadonlyMap<string, Slice>,
  book: VerdictBook,
): Promise<void> {
  const judged = [...slices.values()].filter(isJudged);
  const children = await slicesById(
    store,
    judged.map(({ id }) => childId(id)),
  );
  for (const slice of judged) {
    const rows = book.slices.get(slice.id);
    if (!rows) continue;
    checkSlice(note, task, slice, rows);
    checkChild(note, task, slice, rows, children.get(childId(slice.id)));
  }
}

function childId(id: string): string {
  const { request, part, generation } = parseSliceId(id);
  return sliceId(request, part, generation + 1);
}

function checkSlice(note: Notebook, task: TaskDoc, slice: Slice, rows: SliceRows): void {
  if (slice.state !== "settled") return;
  const ids = { task: task.id, slice: slice.id, request: slice.request };
  note.checked("V11");
  if (canonicalJson(slice.counts) !== canonicalJson(rows.counts))
    note.found("V3", slice.id, "counts other ends than its rows have", ids);
  if (slice.costMicros !== rows.costMicros && slice.costMicros !== rows.pendingMicros)
    note.found("V11", slice.id, `cost ${slice.costMicros}, its rows cost ${rows.costMicros}`, ids);
  if (canonicalJson(slice.usage ?? NO_USAGE) !== canonicalJson(rows.usage))
    note.found("V11", slice.id, "has another usage than its rows", ids);
  if (slice.cutBy !== rows.cutBy)
    note.found(
      "V2",
      slice.id,
      `was cut by ${slice.cutBy ?? "nobody"}, its rows by ${rows.cutBy ?? "nobody"}`,
      ids,
    );
}

function checkChild(
  note: Notebook,
  task: TaskDoc,
  slice: Slice,
  { again, free }: SliceRows,
  child: Slice | undefined,
): void {
  note.checked("V4");
  const ids = { task: task.id, slice: childId(slice.id), request: slice.request };
  if (!child) {
    if (again.length > 0 && slice.state === "settled")
      note.found(
        "V4",
        ids.slice,
        `is missing: ${again.length} items of ${slice.id} were to travel again`,
        ids,
      );
    return;
  }
  const wanted = new Set(again);
  const carried = ordinalsOf(child.members);
  const finals = carried.filter((ordinal) => !wanted.has(ordinal));
  if (finals.length > 0)
    note.found("V3", child.id, `carries items that are final in ${slice.id}: ${list(finals)}`, ids);
  const left = again.filter((ordinal) => !carried.includes(ordinal));
  if (finals.length > 0 || left.length > 0)
    note.found("V4", child.id, `does not carry what was to travel again; left out: ${list(left)}`, ids);
  // A journey that does not count leaves the attempts as they were.
  const attempts = slice.attempts + (free > 0 ? 0 : 1);
  if (child.attempts !== attempts && (free === 0 || free === again.length))
    note.found("V4", child.id, `has ${child.attempts} attempts behind it, not ${attempts}`, ids);
}

function list(ordinals: readonly number[]): string {
  if (ordinals.length === 0) return "none";
  return `${ordinals.slice(0, 10).join(", ")}${ordinals.length > 10 ? " and others" : ""}`;
}
