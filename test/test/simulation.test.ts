import { expect, test } from "vitest";
import { runSimulation } from "../src/simulation/runSimulation.ts";

/** Seeds of a run: the same ones always, and as many again that change from day to day. */
const SEEDS = Number(process.env["GRANARY_SIMULATION_SEEDS"] ?? 400);
const FEWEST_TURNS = 500;
const PROCESSES = 2;

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
        await runSimulation({ from: 1 + index * half, count: half }),
        await runSimulation({ from: today + index * half, count: half }),
      ]),
    );
    const totals = runs.flat();
    expect(totals.flatMap(({ faulty }) => faulty)).toEqual([]);
    expect(totals.reduce((sum, { seeds }) => sum + seeds, 0)).toBeGreaterThanOrEqual(SEEDS);
    expect(Math.min(...totals.map(({ fewestTurns }) => fewestTurns))).toBeGreaterThanOrEqual(FEWEST_TURNS);
    expect(totals.every(({ crashes }) => crashes > 0)).toBe(true);
  },
);
