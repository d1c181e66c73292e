import { hash } from "node:crypto";
import type { Counts, Usage, VerdictRow } from "@granary/domain";
import {
  addCosts,
  addUsage,
  canonicalJson,
  countOne,
  NO_COUNTS,
  NO_USAGE,
  parseSliceId,
} from "@granary/domain";

/** What the rows of one slice add up to. */
export interface SliceRows {
  rows: number;
  counts: Counts;
  /** By the rows that count last: of the verdicts, or of a replay that is applied. */
  costMicros: number | null;
  /** The same with a replay that is still being applied. */
  pendingMicros: number | null;
  usage: Usage;
  cutBy: VerdictRow["cutBy"] | null;
  /** Ordinals that travel again. */
  readonly again: number[];
  free: number;
}

/** A final row: enough to know its outcome again. */
export interface FinalRow {
  readonly line: number;
  readonly slice: string;
  readonly revision: number;
  /** False for a replay that is still being applied. */
  readonly applied: boolean;
  readonly status: VerdictRow["status"];
  readonly reason: VerdictRow["reason"];
  readonly costMicros: number | null;
  readonly digest: string;
}

/** What a line costs, and whether it travelled again. */
export interface LineCost {
  readonly slice: string;
  readonly travelled: boolean;
  readonly appliedMicros: number | null;
  readonly pendingMicros: number | null;
}

/** What the verdicts of one task say: sums, and a digest of each final row. */
export interface VerdictBook {
  readonly slices: Map<string, SliceRows>;
  /** By request and ordinal; one entry for the verdicts, one more for each replay that speaks of the item. */
  readonly finals: Map<string, Map<number, FinalRow[]>>;
  /** What each line costs, by its number: the newest row stands. */
  readonly lines: Map<number, LineCost>;
  rows: number;
  retries: number;
  counts: Counts;
  costMicros: number | null;
  usage: Usage;
}

export function verdictBook(): VerdictBook {
  return {
    slices: new Map(),
    finals: new Map(),
    lines: new Map(),
    rows: 0,
    retries: 0,
    counts: NO_COUNTS,
    costMicros: 0,
    usage: NO_USAGE,
  };
}

/** Adds a row to the sums of the task and of its slice. */
export function addRow(book: VerdictBook, row: VerdictRow): void {
  const slice = book.slices.get(row.slice) ?? emptySlice();
  book.slices.set(row.slice, slice);
  const { costMicros } = row;
  book.lines.set(row.line, {
    slice: row.slice,
    travelled: row.end === "retry",
    appliedMicros: costMicros,
    pendingMicros: costMicros,
  });
  slice.pendingMicros = addCosts(slice.pendingMicros, costMicros);
  for (const sums of [book, slice]) {
    sums.rows += 1;
    sums.costMicros = addCosts(sums.costMicros, row.costMicros);
    sums.usage = addUsage(sums.usage, row.usage);
    if (row.end === "final") sums.counts = countOne(sums.counts, row.status, row.reason);
  }
  if (row.end === "final") slice.cutBy ??= row.cutBy ?? null;
  else {
    book.retries += 1;
    slice.again.push(row.ordinal);
    if (row.free) slice.free += 1;
  }
}

/** Notes what a line costs by a replay. False where the line was not judged before. */
export function addReplayed({ lines }: VerdictBook, row: VerdictRow, applied: boolean): boolean {
  const there = lines.get(row.line);
  if (!there) return false;
  lines.set(row.line, {
    ...there,
    appliedMicros: applied ? row.costMicros : there.appliedMicros,
    pendingMicros: row.costMicros,
  });
  return row.end === "final" || there.travelled;
}

/** Adds the slices' costs up anew, after replays. */
export function sumReplayed({ slices, lines }: VerdictBook): void {
  for (const slice of slices.values()) {
    slice.costMicros = 0;
    slice.pendingMicros = 0;
  }
  for (const { slice: id, appliedMicros, pendingMicros } of lines.values()) {
    const slice = slices.get(id);
    if (!slice) continue;
    slice.costMicros = addCosts(slice.costMicros, appliedMicros);
    slice.pendingMicros = addCosts(slice.pendingMicros, pendingMicros);
  }
}

function emptySlice(): SliceRows {
  return {
    rows: 0,
    counts: NO_COUNTS,
    costMicros: 0,
    pendingMicros: 0,
    usage: NO_USAGE,
    cutBy: null,
    again: [],
    free: 0,
  };
}

/** Adds a final row; answers those that were there for the item. */
export function addFinal(
  { finals }: VerdictBook,
  row: VerdictRow,
  taskId: string,
  revision: number,
  applied: boolean,
): readonly FinalRow[] {
  const { request } = parseSliceId(row.slice);
  const items = finals.get(request) ?? new Map<number, FinalRow[]>();
  finals.set(request, items);
  const there = items.get(row.ordinal) ?? [];
  const { line, slice, status, reason, costMicros } = row;
  const digest = outcomeDigest({ ...row, ref: row.rawRef, taskId, revision });
  items.set(row.ordinal, [...there, { line, slice, revision, applied, status, reason, costMicros, digest }]);
  return there;
}

/** One short text for all that an outcome and its row must agree in. */
export function outcomeDigest(end: {
  readonly status: string;
  readonly reason?: string | undefined;
  readonly error?: unknown;
  readonly finish?: string | undefined;
  readonly usage: Usage;
  readonly costMicros: number | null;
  readonly output?: unknown;
  readonly ref?: unknown;
  readonly taskId: string | null;
  readonly attempt: number;
  readonly revision: number;
}): string {
  const { status, reason, error, finish, usage, costMicros, output, ref, taskId, attempt, revision } = end;
  const fields = { status, reason, error, finish, usage, costMicros, output, ref, taskId, attempt, revision };
  return hash("sha256", canonicalJson(fields), "base64");
}
