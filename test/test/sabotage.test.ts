import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scratchCopy, trySabotage } from "../src/simulation/sabotage.ts";
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
    const { caught, seed, fault } = await trySabotage(copy, sabotage, 400);
    console.log(`${sabotage.name}: seed ${seed ?? "-"}, ${fault.slice(0, 200)}`);
    expect({ caught, fault }).toMatchObject({ caught: true });
  },
);
