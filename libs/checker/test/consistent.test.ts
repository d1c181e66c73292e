import { expect, test } from "vitest";
import { RULES } from "../src/index.ts";
import { finishedWorld } from "./finishedWorld.ts";

test("a world in which everything is right has no findings, and every rule was looked at", async () => {
  await using world = await finishedWorld();
  const report = await world.check();
  expect(report.findings).toEqual([]);
  expect(report.proved.map(({ rule }) => rule)).toEqual(Object.keys(RULES));
  for (const { rule, checked, findings, skipped } of report.proved)
    expect({ rule, looked: checked > 0, findings, skipped }).toEqual({
      rule,
      looked: true,
      findings: 0,
      skipped: undefined,
    });
  expect(report.checked).toEqual({
    requests: 3,
    tasks: 3,
    slices: 5,
    outcomes: 9,
    artifacts: 11,
    facts: 10,
    jobs: 3,
  });
  expect(report.open).toEqual({ requests: 0, tasks: 0 });
});
