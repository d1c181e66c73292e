import type { Pairs } from "./alternate.ts";
import type { Measurement } from "./measurement.ts";

/** Middle, least and most of some numbers. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What the runs of one side come to. */
export interface Side {
  readonly wallMs: Spread;
  /** Wall time without the time the provider had the work. */
  readonly ownMs: Spread;
  readonly cpuMs: Spread;
  readonly itemsPerSecond: number;
  /** The highest peak of all runs, and what a process held before it began to work. */
  readonly peakBytes: number;
  readonly startBytes: number;
}

/** Both sides of one case, and how many times the bare loop's time Granary took, run by run. */
export interface Comparison {
  readonly label: string;
  readonly items: number;
  /** Bytes that were moved, and what they are. */
  readonly bytes: number;
  readonly runs: number;
  readonly granary: Side;
  readonly bare: Side;
  readonly ratio: { readonly wall: Spread; readonly own: Spread; readonly cpu: Spread };
}

/** Compares the runs of one case. */
export function comparisonOf(
  about: Pick<Comparison, "label" | "items" | "bytes">,
  { granary, bare }: Pairs,
): Comparison {
  const ratio = (of: (run: Measurement) => number): Spread =>
    spreadOf(granary.map((run, index) => of(run) / of(bare[index] ?? run)));
  return {
    ...about,
    runs: granary.length,
    granary: sideOf(granary),
    bare: sideOf(bare),
    ratio: { wall: ratio(({ wallMs }) => wallMs), own: ratio(ownMsOf), cpu: ratio(({ cpuMs }) => cpuMs) },
  };
}

function sideOf(runs: readonly Measurement[]): Side {
  const wallMs = spreadOf(runs.map((run) => run.wallMs));
  return {
    wallMs,
    ownMs: spreadOf(runs.map(ownMsOf)),
    cpuMs: spreadOf(runs.map(({ cpuMs }) => cpuMs)),
    itemsPerSecond: Math.round(((runs[0]?.items ?? 0) / wallMs.median) * 1000),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
    startBytes: Math.max(...runs.map(({ startBytes }) => startBytes)),
  };
}

function ownMsOf({ wallMs, waitMs }: Measurement): number {
  return wallMs - waitMs;
}

/** The median of an even number is the mean of the two in the middle. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const half = sorted.length / 2;
  return {
    median: (at(Math.ceil(half) - 1) + at(Math.floor(half))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}
