import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";
import { combinations } from "./labels.ts";

/** The values each label can have; all combinations are there from the start, at zero. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

interface Named {
  readonly name: string;
  readonly help: string;
}

/** Makes metrics in one registry, none of them global. */
export interface Instruments {
  readonly counter: <L extends LabelValues>(named: Named, labels: L) => Counter<keyof L & string>;
  readonly histogram: <L extends LabelValues>(
    named: Named & { readonly buckets: readonly number[] },
    labels: L,
  ) => Histogram<keyof L & string>;
  /** Has no value until one is set: what it tells comes from elsewhere, and may not be known. */
  readonly gauge: <N extends string>(named: Named, labels: readonly N[]) => Gauge<N>;
}

/** Seconds of a call: from a few milliseconds to a minute. */
export const CALL_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
/** Seconds of a stay: from one to two days. */
export const STAY_SECONDS = [
  1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 172_800,
] as const;
/** Seconds of a whole request: from a minute to three days. */
export const END_TO_END_SECONDS = [
  60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 172_800, 259_200,
] as const;

/**
 * A counter that first appears at 1 has no increase that an alert could see, so every combination of labels begins at
 * zero.
 */
export function instruments(registry: Registry): Instruments {
  const registers = [registry];
  return {
    counter(named, labels) {
      const counter = new Counter({ ...named, labelNames: Object.keys(labels), registers });
      for (const row of combinations(labels)) counter.inc(row, 0);
      return counter;
    },
    histogram({ buckets, ...named }, labels) {
      const options = { ...named, buckets: [...buckets], labelNames: Object.keys(labels), registers };
      const histogram = new Histogram(options);
      for (const row of combinations(labels)) histogram.zero(row);
      return histogram;
    },
    gauge: (named, labels) => new Gauge({ ...named, labelNames: [...labels], registers }),
  };
}
