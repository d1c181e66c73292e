/**
 * `npm run crash`: kills and stops real processes between any two writes. `--all` is the whole matrix, `--point NAME`
 * one point with all of its cells, `--once` each point once, `--seed S` another fifth of the rest; without any, what CI
 * runs. `--only TEXT` leaves cells whose name has it; `--list` and `--table` tell of the points.
 */
import { parseArgs } from "node:util";
import { cellName } from "./crashCell.ts";
import type { CrashOutcome } from "./crashCell.ts";
import { matrixOf, rotatingPart, seedOfDay } from "./matrix.ts";
import { CRASH_POINTS, pointOf } from "./points.ts";
import { pointsTable } from "./pointsTable.ts";
import { databasesOfMatrix, runCells } from "./runCells.ts";

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    table: { type: "boolean", default: false },
    once: { type: "boolean", default: false },
    point: { type: "string", multiple: true, default: [] },
    only: { type: "string" },
    seed: { type: "string", default: String(seedOfDay(Date.now())) },
  },
});

if (values.list)
  for (const { name, elsewhere } of CRASH_POINTS)
    console.log(elsewhere ? `${name} (elsewhere: ${elsewhere})` : name);
else if (values.table) console.log(pointsTable());
else await main();

async function main(): Promise<void> {
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0) throw new Error("--seed is a whole number");
  const databases = await databasesOfMatrix();
  const { once, rest } = matrixOf(databases.map(({ kind }) => kind));
  const names = values.point.map((name) => pointOf(name).name);
  const chosen =
    names.length > 0
      ? [...once, ...rest].filter(({ point }) => names.includes(point.name))
      : values.all
        ? [...once, ...rest]
        : values.once
          ? once
          : [...once, ...rotatingPart(rest, seed)];
  const { only } = values;
  const cells = only === undefined ? chosen : chosen.filter((cell) => cellName(cell).includes(only));
  console.log(
    `crash matrix: ${cells.length} of ${once.length + rest.length} cells, seed ${seed}, stores: ${["SQLite", ...databases.map(({ title }) => title)].join(", ")}`,
  );
  const startedAt = performance.now();
  const outcomes = await runCells(cells, databases, (outcome) => console.log(row(outcome)));
  const failed = outcomes.filter(({ faults }) => faults.length > 0);
  for (const { cell, faults } of failed) console.log(`\n${cellName(cell)}\n  ${faults.join("\n  ")}`);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`\n${outcomes.length - failed.length} clean, ${failed.length} not, in ${seconds} s`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

function row({ cell: { point, signal, store, provider }, faults, ms }: CrashOutcome): string {
  const columns = [point.name.padEnd(26), signal.padEnd(5), store.padEnd(11), provider.padEnd(10)];
  return `${columns.join("")}${`${(ms / 1000).toFixed(1)} s`.padStart(8)}  ${faults.length === 0 ? "clean" : `NOT CLEAN: ${(faults[0] ?? "").split("\n")[0]}`}`;
}
