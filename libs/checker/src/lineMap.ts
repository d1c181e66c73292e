import type { Slice, TaskDoc } from "@granary/domain";
import { lineOf, ordinalsOf } from "@granary/domain";
import type { Checking } from "./checking.ts";
import { jsonLines, parseLine } from "./jsonLines.ts";
import { notebook } from "./notebook.ts";
import type { Notebook } from "./notebook.ts";
import { provenBytes } from "./provenBytes.ts";

/** What each line of a task carries, as its manifest says: two numbers a line, and the ids somebody else gave them. */
export interface LineMap {
  readonly lines: number;
  /** The line a custom id names; null where it is none of this task's. */
  lineOf(customId: string): number | null;
  /** Empty where the manifest has no such line. */
  sliceOf(line: number): string;
  ordinalOf(line: number): number;
  /** The slices the manifest names, with their ordinals ascending. */
  readonly slices: ReadonlyMap<string, readonly number[]>;
}

/** Reads a task's manifest, and holds it against the task (V3). Null where there is none, or another than was recorded. */
export async function readLineMap(
  checking: Checking,
  note: Notebook,
  task: TaskDoc,
): Promise<LineMap | null> {
  if (!task.manifest) return null;
  const names: string[] = [];
  const places = new Map<string, number>();
  const sliceAt = new Int32Array(task.lines).fill(-1);
  const ordinalAt = new Int32Array(task.lines).fill(-1);
  const slices = new Map<string, number[]>();
  const lineAt = task.foreign ? new Map<string, number>() : null;
  let line = 0;
  const about = notebook();
  let broken = false;
  const bytes = provenBytes(checking, note, task.manifest, { task: task.id }, () => (broken = true));
  for await (const lines of jsonLines(bytes))
    for (const text of lines) {
      const row = parseLine(text) as
        | { line?: unknown; slice?: unknown; ordinal?: unknown; customId?: unknown }
        | undefined;
      const at = line++;
      const { slice, ordinal, customId } = row ?? {};
      if (row?.line !== at || typeof slice !== "string" || typeof ordinal !== "number" || at >= task.lines) {
        about.found("V3", task.id, `its manifest has no proper row ${at}`, { task: task.id, line: at });
        continue;
      }
      if (lineAt) {
        if (typeof customId === "string" && !lineAt.has(customId)) lineAt.set(customId, at);
        else
          about.found("V3", task.id, `its manifest has no custom id of its own in row ${at}`, {
            task: task.id,
            line: at,
          });
      }
      let place = places.get(slice);
      if (place === undefined) {
        place = names.push(slice) - 1;
        places.set(slice, place);
      }
      sliceAt[at] = place;
      ordinalAt[at] = ordinal;
      const ordinals = slices.get(slice);
      if (ordinals) ordinals.push(ordinal);
      else slices.set(slice, [ordinal]);
    }
  if (broken) return null;
  note.add(about);
  if (line !== task.lines)
    note.found("V3", task.id, `its manifest has ${line} rows for ${task.lines} lines`, { task: task.id });
  for (const ordinals of slices.values()) ordinals.sort((a, b) => a - b);
  return {
    lines: task.lines,
    lineOf(id) {
      const known = lineAt ? (lineAt.get(id) ?? null) : lineOf(task.id, id);
      return known !== null && known < task.lines ? known : null;
    },
    sliceOf: (at) => names[sliceAt[at] ?? -1] ?? "",
    ordinalOf: (at) => ordinalAt[at] ?? -1,
    slices,
  };
}

/** A task's verdicts speak of slices that were locked: being harvested, or settled by nobody's end. */
export function isJudged({ state, endedBy }: Slice): boolean {
  return state === "harvesting" || (state === "settled" && endedBy === null);
}

/** Every locked slice is in the manifest as it is (V3). */
export function checkManifest(
  note: Notebook,
  task: TaskDoc,
  map: LineMap,
  slices: ReadonlyMap<string, Slice>,
): void {
  for (const slice of slices.values()) {
    if (!isJudged(slice)) continue;
    note.checked("V3");
    const ordinals = map.slices.get(slice.id) ?? [];
    const wanted = ordinalsOf(slice.members);
    if (ordinals.length !== wanted.length || ordinals.some((ordinal, index) => ordinal !== wanted[index]))
      note.found(
        "V3",
        slice.id,
        `has ${wanted.length} items, the manifest has others of it (${ordinals.length})`,
        {
          task: task.id,
          slice: slice.id,
          request: slice.request,
        },
      );
  }
}
