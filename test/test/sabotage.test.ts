import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scratchCopy } from "../src/sabotage/scratchCopy.ts";
import { trySeeds } from "../src/sabotage/trySeeds.ts";
import { runSimulation } from "../src/simulation/runSimulation.ts";
import { SABOTAGES } from "../src/simulation/sabotages.ts";

let copy: string;
beforeAll(() => {
  copy = scratchCopy();
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(SABOTAGES)(
  "without its guard ($name) the simulation finds: $without",
  { timeout: 600_000 },
  async (sabotage) => {
    const { caught, seed, fault } = await trySeeds(copy, sabotage, 400);
    console.log(`${sabotage.name}: seed ${seed ?? "-"}, ${fault.slice(0, 200)}`);
    expect({ caught, fault }).toMatchObject({ caught: true });
    // With the guard the same seed has to be clean: otherwise it is not the guard that was missed.
    const { faulty } = await runSimulation({ from: seed ?? sabotage.seed, count: 1 }, copy);
    expect(faulty).toEqual([]);
  },
);
