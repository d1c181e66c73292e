import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Seeds of a run: the same ones always, and as many again that change from day to day. */
const SEEDS = Number(process.env["GRANARY_SIMULATION_SEEDS"] ?? 1_000);
const FEWEST_TURNS = 500;
const PROCESSES = 2;

interface Totals {
  readonly seeds: number;
  readonly fewestTurns: number;
  readonly crashes: number;
  readonly faulty: readonly { readonly seed: number; readonly faults: readonly string[] }[];
}

async function runSeeds(from: number, count: number): Promise<Totals> {
  const main = fileURLToPath(new URL("../src/simulation/main.ts", import.meta.url));
  const child = spawn(
    "node",
    ["--conditions=@granary/source", main, "--from", String(from), "--count", String(count)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(said.trim().split("\n").at(-1) ?? "") as Totals;
}

test(
  `${SEEDS} seeds of crashes, freezes and lost answers end with nothing wrong`,
  { timeout: 15 * 60_000 },
  async () => {
    const half = Math.ceil(SEEDS / 2 / PROCESSES);
    const today = Math.floor(Date.now() / 86_400_000) * 1_000;
    console.log(
      `seeds from 1 and from ${today}; one again: node test/src/simulation/main.ts --from SEED --count 1`,
    );
    const runs = await Promise.all(
      Array.from({ length: PROCESSES }, async (_, index) => [
        await runSeeds(1 + index * half, half),
        await runSeeds(today + index * half, half),
      ]),
    );
    const totals = runs.flat();
    expect(totals.flatMap(({ faulty }) => faulty)).toEqual([]);
    expect(totals.reduce((sum, { seeds }) => sum + seeds, 0)).toBeGreaterThanOrEqual(SEEDS);
    expect(Math.min(...totals.map(({ fewestTurns }) => fewestTurns))).toBeGreaterThanOrEqual(FEWEST_TURNS);
    expect(totals.every(({ crashes }) => crashes > 0)).toBe(true);
  },
);
