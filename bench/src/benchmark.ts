import type { Comparison } from "./comparison.ts";

/** What a benchmark is run with. Absent: its own default. */
export interface BenchmarkOptions {
  readonly items?: number;
  readonly repeat?: number;
  /** Sizes of the result files, in megabytes (10^6 bytes). */
  readonly megabytes?: readonly number[];
  /** Size of one line of a result file. */
  readonly lineBytes?: number;
  /** Where CPU profiles of the contenders are left. */
  readonly profileFolder?: string;
  /** Told of every step, for whoever waits. */
  readonly onProgress: (line: string) => void;
}

/** A benchmark: Granary and the bare loop at the same job, in turns. */
export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** What design.md section 12 asks for. */
  readonly target: string;
  readonly run: (options: BenchmarkOptions) => Promise<readonly Comparison[]>;
}
