import type { Artifacts, Slice, TaskDoc } from "@granary/domain";
import { lineOf } from "@granary/domain";
import { readLines } from "@granary/providers";
import { damaged, rowOf } from "./artifactRows.ts";

/**
 * Which item each line of a task carries: two numbers a line, whatever the size of the lines, and the custom ids where
 * somebody else chose them.
 */
export interface LineMap {
  readonly lines: number;
  /** The line a custom id names; null where it is none of this task's. */
  lineOf(customId: string): number | null;
  /** The slice of a line that is to be judged; undefined where it was taken out. */
  sliceOf(line: number): Slice | undefined;
  ordinalOf(line: number): number;
  /** True the first time it is called with a line. */
  see(line: number): boolean;
  seen(line: number): boolean;
}

interface ManifestRow {
  readonly line: number;
  readonly slice: string;
  readonly ordinal: number;
  /** Where the task's job is not ours: our own ids follow from the line. */
  readonly customId?: string;
}

/** Reads a task's manifest. Lines of slices that are not in `judged` have no slice. */
export async function readLineMap(
  artifacts: Artifacts,
  task: TaskDoc,
  judged: ReadonlyMap<string, Slice>,
): Promise<LineMap> {
  if (!task.manifest) throw new Error(`task ${task.id} has no manifest`);
  const slices = [...judged.values()];
  const indexOf = new Map(slices.map(({ id }, index) => [id, index]));
  const sliceAt = new Int32Array(task.lines).fill(-1);
  const ordinalAt = new Int32Array(task.lines);
  const seen = new Uint8Array(task.lines);
  const lineAt = task.foreign ? new Map<string, number>() : null;
  const { path } = task.manifest;
  let rows = 0;
  for await (const lines of readLines(artifacts.read(path)))
    for (const { text } of lines) {
      const row = rowOf(text, path, rows++);
      // What is paid for would be given to somebody else, or to nobody.
      if (!isManifestRow(row) || row.line !== rows - 1 || row.line >= task.lines) throw damaged(path, rows);
      sliceAt[row.line] = indexOf.get(row.slice) ?? -1;
      ordinalAt[row.line] = row.ordinal;
      if (row.customId !== undefined) lineAt?.set(row.customId, row.line);
    }
  if (rows !== task.lines) throw damaged(path, rows);
  return {
    lines: task.lines,
    lineOf(customId) {
      const line = lineAt ? (lineAt.get(customId) ?? null) : lineOf(task.id, customId);
      return line !== null && line < task.lines ? line : null;
    },
    sliceOf: (line) => slices[sliceAt[line] ?? -1],
    ordinalOf: (line) => ordinalAt[line] ?? -1,
    see(line) {
      if (seen[line] !== 0) return false;
      seen[line] = 1;
      return true;
    },
    seen: (line) => seen[line] === 1,
  };
}

function isManifestRow(row: unknown): row is ManifestRow {
  if (typeof row !== "object" || row === null) return false;
  const { line, slice, ordinal, customId } = row as Partial<Record<keyof ManifestRow, unknown>>;
  return (
    Number.isSafeInteger(line) &&
    typeof slice === "string" &&
    Number.isSafeInteger(ordinal) &&
    (customId === undefined || typeof customId === "string")
  );
}
