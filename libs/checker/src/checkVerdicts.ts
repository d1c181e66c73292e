import type { ArtifactRef, Price, Slice, TaskDoc, VerdictRow } from "@granary/domain";
import { addCosts, ArtifactMissing, canonicalJson, costOf, priceOfTask } from "@granary/domain";
import { faultOfAbsent, faultOfArrived } from "./checkRow.ts";
import type { Checking } from "./checking.ts";
import { jsonLines, parseLine } from "./jsonLines.ts";
import type { JsonLine } from "./jsonLines.ts";
import { isJudged } from "./lineMap.ts";
import type { LineMap } from "./lineMap.ts";
import { notebook } from "./notebook.ts";
import type { Notebook } from "./notebook.ts";
import { provenBytes } from "./provenBytes.ts";
import type { Rejudgement } from "./rejudge.ts";
import { addFinal, addReplayed, addRow, sumReplayed, verdictBook } from "./verdictBook.ts";
import type { VerdictBook } from "./verdictBook.ts";

/** What the rows of a task are held against. */
export interface Evidence {
  readonly task: TaskDoc;
  readonly map: LineMap;
  readonly slices: ReadonlyMap<string, Slice>;
  readonly raw: Rejudgement | null;
}

/**
 * Reads a task's verdicts and those of its replays: one row for each line of the locked slices (V3), each as its raw
 * line says (V6), priced as it should be and added up (V11). Null where the file is not what was recorded.
 */
export async function checkVerdicts(
  checking: Checking,
  note: Notebook,
  evidence: Evidence,
): Promise<VerdictBook | null> {
  const { task, map, slices } = evidence;
  if (!task.verdicts) return null;
  const book = verdictBook();
  const seen = new Uint8Array(map.lines);
  const replayed = await replayedLines(checking, evidence);
  const whole = await eachRow(checking, note, evidence, task.verdicts, (about, row, at) => {
    about.checked("V3");
    const ids = { task: task.id, slice: row.slice, ordinal: row.ordinal, line: row.line };
    if (seen[row.line] !== 0) return about.found("V3", at, "is judged twice", ids);
    seen[row.line] = 1;
    addRow(book, row);
    // A replay came after parser or prices changed: only its own rows must follow from the raw lines today.
    if (!replayed.has(row.line)) {
      checkPrice(checking, about, evidence, row, at);
      checkAgainstRaw(about, evidence, row, at);
    }
    if (row.end === "final" && addFinal(book, row, task.id, 0, true).length > 0)
      about.found("V3", at, "is final twice in one task", ids);
  });
  if (!whole) return null;
  for (const slice of slices.values()) {
    const rows = book.slices.get(slice.id)?.rows ?? 0;
    if (isJudged(slice) && rows !== slice.lines)
      note.found("V3", slice.id, `has ${rows} rows for its ${slice.lines} lines`, {
        task: task.id,
        slice: slice.id,
        request: slice.request,
      });
  }
  checkRecord(checking, note, evidence, book);
  for (const revision of task.revisions)
    await eachRow(checking, note, evidence, revision, (about, row, at) => {
      about.checked("V3");
      const { revision: number, appliedAt } = revision;
      if (replayed.get(row.line) === number) checkPrice(checking, about, evidence, row, at);
      checkAgainstRaw(about, evidence, row, at);
      const known = addReplayed(book, row, appliedAt !== null);
      if (row.end === "retry") {
        if (!known)
          about.found("V3", at, `replay ${number} prices a line that did not travel again`, {
            task: task.id,
            slice: row.slice,
            ordinal: row.ordinal,
            line: row.line,
          });
        return;
      }
      const before = addFinal(book, row, task.id, number, appliedAt !== null);
      if (!before.some((final) => final.revision === 0 && final.line === row.line))
        about.found("V3", at, `replay ${number} speaks of an item that did not end here`, {
          task: task.id,
          slice: row.slice,
          ordinal: row.ordinal,
          line: row.line,
        });
    });
  if (task.revisions.length > 0) sumReplayed(book);
  return book;
}

/**
 * Calls `take` with every row that is where its manifest puts it. False where the file is not what was recorded:
 * then nothing is said about its rows.
 */
async function eachRow(
  checking: Checking,
  note: Notebook,
  evidence: Evidence,
  ref: ArtifactRef,
  take: (note: Notebook, row: VerdictRow, at: string) => void,
): Promise<boolean> {
  const { task, map } = evidence;
  const about = notebook();
  let broken = false;
  const bytes = provenBytes(checking, note, ref, { task: task.id }, () => (broken = true));
  for await (const lines of jsonLines(bytes))
    for (const line of lines) {
      const row = readRow(line);
      const at = `${task.id}-${row?.line.toString(36) ?? "?"}`;
      const ids = { task: task.id, path: ref.path, ...(row ? { slice: row.slice, line: row.line } : {}) };
      if (!row || row.line >= map.lines || row.line < 0)
        about.found("V3", at, `a row at byte ${line.offset} is of no line`, ids);
      else if (map.sliceOf(row.line) !== row.slice || map.ordinalOf(row.line) !== row.ordinal)
        about.found("V3", at, `judges item ${row.ordinal} of ${row.slice}, the line carries another`, ids);
      else {
        const fault = faultOfSlice(evidence, row);
        if (fault) about.found("V3", at, fault, ids);
        take(about, row, at);
      }
    }
  if (broken) return false;
  note.add(about);
  return true;
}

function faultOfSlice({ slices }: Evidence, { slice: id, attempt }: VerdictRow): string | null {
  const slice = slices.get(id);
  if (!slice) return "judges a slice that is not in the task";
  if (!isJudged(slice)) return `judges a slice that is ${toldOf(slice)}`;
  const attempts = slice.attempts + 1;
  return attempt === attempts ? null : `is attempt ${attempt}, its slice travelled as ${attempts}`;
}

/** A row that is one: what is not can prove nothing. */
function readRow(line: JsonLine): VerdictRow | null {
  const row = parseLine(line) as Partial<VerdictRow> | null | undefined;
  return Number.isInteger(row?.line) &&
    Number.isInteger(row?.ordinal) &&
    typeof row?.slice === "string" &&
    typeof row.status === "string" &&
    typeof row.usage === "object"
    ? (row as VerdictRow)
    : null;
}

function toldOf({ state, endedBy }: Slice): string {
  return endedBy === null ? state : `ended by ${endedBy}`;
}

/** Lines that a replay has judged or priced anew, with the number of the last one that did. */
async function replayedLines({ deps }: Checking, { task }: Evidence): Promise<ReadonlyMap<number, number>> {
  const lines = new Map<number, number>();
  for (const { path, revision } of task.revisions)
    try {
      for await (const batch of jsonLines(deps.artifacts.read(path)))
        for (const line of batch) lines.set(readRow(line)?.line ?? -1, revision);
    } catch (error) {
      // That it is not there is told where it is held against its record.
      if (!(error instanceof ArtifactMissing)) throw error;
    }
  return lines;
}

function checkPrice(
  { deps }: Checking,
  note: Notebook,
  { task }: Evidence,
  row: VerdictRow,
  at: string,
): void {
  if (!deps.prices) return;
  const costMicros = costOf(row.usage, priceOfTask(deps.prices, task));
  if (row.costMicros !== costMicros)
    note.found("V11", at, `cost ${row.costMicros}, by its usage ${costMicros}`, {
      task: task.id,
      slice: row.slice,
      ordinal: row.ordinal,
      line: row.line,
    });
}

function checkAgainstRaw(note: Notebook, { task, raw }: Evidence, row: VerdictRow, at: string): void {
  const ids = { task: task.id, slice: row.slice, ordinal: row.ordinal, line: row.line };
  if (!raw) return;
  note.checked("V6");
  const line = raw.of(row.line);
  const fault = line ? faultOfArrived(row, line, task) : faultOfAbsent(row, task);
  if (fault) note.found("V6", at, fault, ids);
}

/** The sums that were committed with the verdicts are those of the rows. */
function checkRecord({ deps }: Checking, note: Notebook, { task, raw }: Evidence, book: VerdictBook): void {
  const { verdicts } = task;
  if (!verdicts) return;
  const ids = { task: task.id, path: verdicts.path };
  const { rows, retries, counts, costMicros, usage } = book;
  if (verdicts.rows !== rows || verdicts.retries !== retries)
    note.found(
      "V3",
      task.id,
      `recorded ${verdicts.rows} rows and ${verdicts.retries} to travel again, there are ${rows} and ${retries}`,
      ids,
    );
  if (canonicalJson(verdicts.counts) !== canonicalJson(counts))
    note.found("V3", task.id, "counts other ends than its rows have", ids);
  note.checked("V11");
  if (verdicts.costMicros !== costMicros)
    note.found("V11", task.id, `cost ${verdicts.costMicros}, its rows cost ${costMicros}`, ids);
  if (canonicalJson(verdicts.usage) !== canonicalJson(usage))
    note.found("V11", task.id, "has another usage than its rows", ids);
  if (!raw) return;
  if (canonicalJson(verdicts.aside) !== canonicalJson(raw.aside))
    note.found(
      "V6",
      task.id,
      `set aside ${canonicalJson(verdicts.aside)}, its files have ${canonicalJson(raw.aside)}`,
      ids,
    );
  if (!deps.prices) return;
  const unusedMicros = unusedOf(raw, priceOfTask(deps.prices, task));
  // What nobody waits for is priced anew by every replay.
  const last = task.revisions.at(-1) ?? verdicts;
  if (last.unusedMicros !== unusedMicros)
    note.found("V11", task.id, `has ${last.unusedMicros} unused, its files say ${unusedMicros}`, ids);
}

function unusedOf(raw: Rejudgement, price: Price | undefined): number | null {
  let sum: number | null = 0;
  for (const used of raw.unused) sum = addCosts(sum, costOf(used, price));
  return sum;
}
