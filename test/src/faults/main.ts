/**
 * `npm run faults`: what goes wrong at providers, alone and in pairs. `--alone` is every fault at every provider,
 * `--all` that and all pairs, `--pairs N` so many pairs that `--seed S` draws, `--pair A+B` (or `--pair A`) one;
 * `--provider P` leaves one provider's; `--from N` goes on in the middle of a list. Without any, what CI runs.
 * `--list` tells the faults.
 */
import { parseArgs } from "node:util";
import { seedOfDay } from "../crash/matrix.ts";
import type { FaultCell, FaultOutcome } from "./faultCase.ts";
import { cellName } from "./faultCase.ts";
import { caseOf, drawn, FAULT_CASES, pairs, PAIRS_OF_A_DAY, rotatingCells, singles } from "./faultMatrix.ts";
import { LANES, runFaultCells } from "./runFaultCells.ts";

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    alone: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    pair: { type: "string", multiple: true, default: [] },
    pairs: { type: "string" },
    provider: { type: "string" },
    from: { type: "string", default: "0" },
    lanes: { type: "string", default: String(LANES) },
    seed: { type: "string", default: String(seedOfDay(Date.now())) },
  },
});

if (values.list)
  for (const { name, providers } of FAULT_CASES) console.log(`${name.padEnd(32)}${providers.join(" ")}`);
else await main();

async function main(): Promise<void> {
  const seed = whole("seed", values.seed);
  const cells = chosen(seed)
    .filter(({ provider }) => values.provider === undefined || provider === values.provider)
    .slice(whole("from", values.from));
  console.log(`faults: ${cells.length} cells, seed ${seed}`);
  const startedAt = performance.now();
  const outcomes = await runFaultCells(cells, {
    seed,
    lanes: whole("lanes", values.lanes),
    say: (outcome) => console.log(row(outcome)),
  });
  const failed = outcomes.filter(({ wrong }) => wrong.length > 0);
  for (const { cell, wrong } of failed) console.log(`\n${cellName(cell)}\n  ${wrong.join("\n  ")}`);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `\n${outcomes.length - failed.length} clean, ${failed.length} not, in ${seconds} s, seed ${seed}`,
  );
  process.exitCode = failed.length === 0 && outcomes.length > 0 ? 0 : 1;
}

function chosen(seed: number): readonly FaultCell[] {
  if (values.pair.length > 0)
    return values.pair.flatMap((text) => {
      const cases = text.split("+").map((name) => caseOf(name.trim()));
      const [first] = cases;
      return (first?.providers ?? [])
        .filter((provider) => cases.every(({ providers }) => providers.includes(provider)))
        .map((provider): FaultCell => ({ cases, provider }));
    });
  if (values.all) return [...singles(), ...drawn(pairs(), seed, Infinity)];
  if (values.alone) return singles();
  if (values.pairs !== undefined) return drawn(pairs(), seed, whole("pairs", values.pairs));
  return rotatingCells(seed, PAIRS_OF_A_DAY);
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} is a whole number`);
  return number;
}

function row({ cell, wrong, idle, ms }: FaultOutcome): string {
  const seconds = `${(ms / 1000).toFixed(1)} s`.padStart(8);
  const said = wrong.length === 0 ? "clean" : `NOT CLEAN: ${(wrong[0] ?? "").split("\n")[0]}`;
  return `${seconds}  ${cellName(cell).padEnd(64)}${said}${idle.length === 0 ? "" : `  (idle: ${idle.join(", ")})`}`;
}
