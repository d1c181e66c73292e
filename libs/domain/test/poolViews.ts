/** Views of a pool for tests of the planner. */
import type { Slice } from "../src/documents.ts";
import type { PoolView, TaskPlan } from "../src/packing.ts";
import { planTasks } from "../src/packing.ts";
import type { PoolLine } from "../src/store.ts";
import { sampleSlice } from "./sampleDocuments.ts";

export const LINGER_MS = 100;
export const NOW = 100_000;
export const LIMITS = { lines: 100, bytes: 10_000, tokens: 10_000 };

let made = 0;
/** A waiting slice with an id of its own, accepted just now. */
export function slice(with_: Partial<Slice> = {}): Slice {
  const acceptedAt = with_.acceptedAt ?? NOW - 1;
  return sampleSlice({ id: `slice-${++made}`, notBefore: acceptedAt, acceptedAt, tokens: 10, ...with_ });
}

function storeOrder(a: Slice, b: Slice): number {
  return b.priority - a.priority || a.acceptedAt - b.acceptedAt || (a.id < b.id ? -1 : 1);
}

/** As the store gives them: by source, each in the store's order. */
export const bySource = (slices: readonly Slice[]): ReadonlyMap<string, readonly Slice[]> =>
  Map.groupBy(slices.toSorted(storeOrder), (each) => each.source);

/** What the store says of these slices in sum. */
export function poolLineOf(
  source: string,
  slices: readonly Slice[],
  with_: Partial<PoolLine> = {},
): PoolLine {
  const sum = (of: (each: Slice) => number): number => slices.reduce((total, each) => total + of(each), 0);
  return {
    poolKey: "pool",
    source,
    slices: slices.length,
    lines: sum((each) => each.lines),
    bytes: sum((each) => each.bytes),
    tokens: sum((each) => each.tokens),
    topPriority: Math.max(...slices.map((each) => each.priority)),
    oldestAt: Math.min(...slices.map((each) => each.acceptedAt)),
    nextAt: null,
    ...with_,
  };
}

/** A plan of exactly these slices. */
export function plan(slices: readonly Slice[], with_: Partial<PoolView> = {}): TaskPlan {
  const pending = bySource(slices);
  const poolLines = [...pending].map(([source, waiting]) => poolLineOf(source, waiting));
  return planTasks({
    poolLines,
    pending,
    limits: LIMITS,
    now: NOW,
    lingerMs: LINGER_MS,
    maxTasks: 1_000,
    ...with_,
  });
}

export const linesOf = (slices: readonly Slice[]): number =>
  slices.reduce((sum, { lines }) => sum + lines, 0);
export const idsOf = (slices: readonly Slice[]): readonly string[] => slices.map(({ id }) => id);
