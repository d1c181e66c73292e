import { describe, expect, test } from "vitest";
import { seedOfDay } from "../src/crash/matrix.ts";
import { cellName } from "../src/faults/faultCase.ts";
import { faultKinds } from "../src/faults/faultKinds.ts";
import {
  drawn,
  FAULT_CASES,
  pairs,
  PAIRS_OF_A_DAY,
  rotatingCells,
  singles,
} from "../src/faults/faultMatrix.ts";
import { runFaultCells } from "../src/faults/runFaultCells.ts";

const RUN_MS = 600_000;

const seed = Number(process.env["SEED"] ?? seedOfDay(Date.now()));

describe("the list of provider faults", () => {
  test("has a case for everything that the simulator can be told to do wrong", () => {
    const covered = new Set(FAULT_CASES.flatMap(({ covers }) => covers));
    const kinds = faultKinds();
    expect(kinds.filter((kind) => !covered.has(kind))).toEqual([]);
    expect([...covered].filter((kind) => !kinds.includes(kind))).toEqual([]);
    // Or the schema was not read.
    expect(kinds).toEqual(expect.arrayContaining(["create response_lost", "job expire", "line refusal"]));
  });

  test("names each case once", () => {
    const names = singles().map(cellName);
    expect(new Set(names).size).toBe(names.length);
  });

  test("comes to each provider in turn, and each draw is another one", () => {
    const days = [0, 1, 2].flatMap((day) => rotatingCells(seed + day, 0).map(cellName));
    expect(new Set(days)).toEqual(new Set(singles().map(cellName)));
    const [one, other] = [drawn(pairs(), seed, 50), drawn(pairs(), seed + 1, 50)];
    expect(new Set(one).size).toBe(50);
    expect(one.map(cellName)).not.toEqual(other.map(cellName));
  });
});

test(
  "every fault of a provider alone, and some in pairs, ends well without anybody's help",
  async () => {
    // A failing cell is run again by: npm run faults -- --pair "A+B" --provider P --seed …
    console.log(`faults: seed ${seed}`);
    const cells = rotatingCells(seed, PAIRS_OF_A_DAY);
    const outcomes = await runFaultCells(cells, {
      seed,
      say({ cell, wrong, ms }) {
        if (wrong.length > 0) console.log(`${cellName(cell)}: NOT CLEAN, ${ms} ms`);
      },
    });
    expect(outcomes.length).toBe(cells.length);
    expect(outcomes.flatMap(({ cell, wrong }) => wrong.map((each) => `${cellName(cell)}: ${each}`))).toEqual(
      [],
    );
    // A fault that never comes by proves nothing.
    const alone = outcomes.filter(({ cell }) => cell.cases.length === 1);
    expect(alone.flatMap(({ cell, idle }) => (idle.length > 0 ? [cellName(cell)] : []))).toEqual([]);
  },
  RUN_MS,
);
