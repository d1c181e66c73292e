import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { spreadOf } from "../src/comparison.ts";
import type { Comparison, Side } from "../src/comparison.ts";
import type { Report } from "../src/report.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const MINUTE_MS = 60_000;

async function bench(...args: readonly string[]) {
  const child = spawn(process.execPath, ["--conditions=@granary/source", MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, complained, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit") as Promise<[number]>,
  ]);
  return { code, said, complained };
}

async function reported(...args: readonly string[]): Promise<Report> {
  const { code, said, complained } = await bench(...args, "--json");
  if (code !== 0) throw new Error(complained);
  return JSON.parse(said) as Report;
}

function expectFigures({ runs, granary, bare, ratio }: Comparison): void {
  expect(runs).toBe(2);
  for (const side of [granary, bare]) expectSide(side);
  // The runs stand in pairs: a ratio is that of two runs side by side.
  for (const spread of Object.values(ratio)) {
    expect(spread.min).toBeGreaterThan(0);
    expect(spread.min).toBeLessThanOrEqual(spread.median);
    expect(spread.median).toBeLessThanOrEqual(spread.max);
  }
  expect(ratio.wall.min).toBeGreaterThanOrEqual(granary.wallMs.min / bare.wallMs.max);
  expect(ratio.wall.max).toBeLessThanOrEqual(granary.wallMs.max / bare.wallMs.min);
}

function expectSide({ wallMs, ownMs, cpuMs, itemsPerSecond, peakBytes, startBytes }: Side): void {
  for (const spread of [wallMs, ownMs, cpuMs]) {
    expect(spread.min).toBeGreaterThan(0);
    expect(spread.min).toBeLessThanOrEqual(spread.max);
  }
  expect(ownMs.median).toBeLessThanOrEqual(wallMs.median);
  expect(itemsPerSecond).toBeGreaterThan(0);
  expect(startBytes).toBeGreaterThan(10e6);
  expect(peakBytes).toBeGreaterThanOrEqual(startBytes);
}

test(
  "end-to-end brings every item home on both sides and reports time, memory and ratios",
  async () => {
    const { comparisons, machine } = await reported("end-to-end", "--items", "700", "--repeat", "2");
    expect(comparisons.map(({ items }) => items)).toEqual([700]);
    expect(machine.node).toBe(process.version);
    for (const comparison of comparisons) expectFigures(comparison);
  },
  MINUTE_MS,
);

test(
  "harvest reports each size of the result file, which is about the size that was asked for",
  async () => {
    const { comparisons } = await reported("harvest", "--megabytes", "0.4,1.2", "--repeat", "2");
    expect(comparisons.map(({ items }) => items)).toEqual([200, 600]);
    for (const comparison of comparisons) expectFigures(comparison);
    const [small, large] = comparisons.map(({ bytes }) => bytes / 1e6);
    expect(small).toBeGreaterThan(0.36);
    expect(small).toBeLessThan(0.44);
    expect(large).toBeGreaterThan(1.08);
    expect(large).toBeLessThan(1.32);
  },
  MINUTE_MS,
);

test(
  "accept takes every item of a request by reference on both sides",
  async () => {
    const { comparisons } = await reported("accept", "--items", "3000", "--repeat", "2");
    expect(comparisons.map(({ items }) => items)).toEqual([3000]);
    for (const comparison of comparisons) expectFigures(comparison);
  },
  MINUTE_MS,
);

test(
  "the report for people has a line for the ratio and one for the target",
  async () => {
    const { code, said } = await bench("end-to-end", "--items", "20", "--repeat", "1");
    expect(code).toBe(0);
    expect(said).toMatch(/ratio +wall \d+\.\d\d x .* own .* cpu/);
    expect(said).toContain("target: wall time at most 1.3 x");
  },
  MINUTE_MS,
);

test("list names the benchmarks", async () => {
  expect(await bench("list")).toEqual({ code: 0, said: "end-to-end\nharvest\naccept\n", complained: "" });
});

test.each([
  [["nothing"], /usage: npm run bench/],
  [["end-to-end", "--items", "50001"], /--items 50001: .* at most 50000/],
  [["end-to-end", "--repeat", "0"], /--repeat 0: give a number above 0/],
  [["harvest", "--megabytes", "10,x"], /--megabytes x/],
  [["harvest", "--colour"], /--colour/],
])("%j is refused with what to give instead", async (args, message) => {
  const { code, complained } = await bench(...args);
  expect(code).toBe(2);
  expect(complained).toMatch(message);
});

test("the median of an even number of runs lies between the two in the middle", () => {
  expect(spreadOf([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10 });
  expect(spreadOf([7, 5, 6])).toEqual({ median: 6, min: 5, max: 7 });
});
