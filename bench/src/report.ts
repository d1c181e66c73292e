import { availableParallelism, cpus, loadavg } from "node:os";
import type { Comparison, Side, Spread } from "./comparison.ts";

/** What a benchmark measured, and where. */
export interface Report {
  readonly name: string;
  readonly target: string;
  readonly at: string;
  readonly machine: {
    readonly node: string;
    readonly cores: number;
    readonly cpu: string;
    /** Processes that wanted a core, on average over the last minute: before the first run and after the last one. */
    readonly load: { readonly before: number; readonly after: number };
  };
  readonly comparisons: readonly Comparison[];
}

/** Runs what is to be reported, and notes how busy the machine was. */
export async function reportOf(
  { name, target }: Pick<Report, "name" | "target">,
  run: () => Promise<readonly Comparison[]>,
): Promise<Report> {
  const at = new Date().toISOString();
  const before = loadOf();
  const comparisons = await run();
  const load = { before, after: loadOf() };
  const cpu = cpus()[0]?.model ?? "unknown";
  return {
    name,
    target,
    at,
    machine: { node: process.version, cores: availableParallelism(), cpu, load },
    comparisons,
  };
}

function loadOf(): number {
  return Number(loadavg()[0]?.toFixed(2));
}

/** A report for people. */
export function reportText({ name, target, machine, comparisons }: Report): string {
  const { node, cores, cpu, load } = machine;
  return [
    `${name}  (node ${node}, ${cores} cores, ${cpu}, load ${load.before} to ${load.after})`,
    ...comparisons.flatMap(comparisonLines),
    `  target: ${target}`,
  ].join("\n");
}

function comparisonLines({ label, runs, granary, bare, ratio }: Comparison): readonly string[] {
  return [
    `  ${label}, ${runs} runs each: median (least to most)`,
    ...sideLines("granary", granary),
    ...sideLines("bare loop", bare),
    `    ratio      wall ${times(ratio.wall)}   own ${times(ratio.own)}   cpu ${times(ratio.cpu)}`,
  ];
}

function sideLines(name: string, { wallMs, ownMs, cpuMs, itemsPerSecond, peakBytes, startBytes }: Side) {
  const memory = `peak memory ${megabytes(peakBytes)} MB (${megabytes(startBytes)} before it began)`;
  return [
    `    ${name.padEnd(10)} wall ${seconds(wallMs)}   own ${seconds(ownMs)}   cpu ${seconds(cpuMs)}`,
    `    ${" ".repeat(10)} ${itemsPerSecond} items/s   ${memory}`,
  ];
}

function seconds({ median, min, max }: Spread): string {
  const [middle, least, most] = [median, min, max].map((ms) => (ms / 1000).toFixed(2));
  return `${middle} s (${least} to ${most})`;
}

function times({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} x (${min.toFixed(2)} to ${max.toFixed(2)})`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
