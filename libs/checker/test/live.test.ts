/** Beside a system at work: what is in motion is no finding, what is wrong and stands still is one. */
import { expect, test } from "vitest";
import type { ReadStore } from "../src/index.ts";
import { A, AGAIN, B, C, finishedWorld, SHARED } from "./finishedWorld.ts";
import { NOW } from "./documents.ts";
import { found } from "./found.ts";

test("a replay that is being applied gives no finding beside a system at work", async () => {
  await using world = await finishedWorld();
  // Its outcome is there already; the request has not been revised.
  await world.forge(
    "task",
    AGAIN,
    ({ revisions }) => ({ revisions: revisions.map((revision) => ({ ...revision, appliedAt: null })) }),
    NOW,
  );
  await world.forge("request", A, ({ counts }) => ({
    revision: 0,
    replays: [],
    counts: counts && { ...counts, succeeded: 3 },
  }));
  expect(found(await world.check())).toEqual([`V1 ${A}`]);
  expect(found(await world.check({ quiet: false }))).toEqual([]);
});

test("what stands still and is wrong is found beside a system at work, too", async () => {
  await using world = await finishedWorld({ withoutOutcomes: [`${C}:0`] });
  expect(found(await world.check({ quiet: false }))).toEqual(found(await world.check()));
});

test("a document that is written while it is looked at gives no finding", async () => {
  await using world = await finishedWorld();
  const { counts } = (await world.store.load("request", C)) ?? {};
  if (!counts) throw new Error("no counts");
  await world.forge("request", C, () => ({ counts: { ...counts, succeeded: 2 } }));
  let reads = 0;
  const store: ReadStore = {
    ...world.store,
    outcomes: async (request, page) => {
      const outcomes = await world.store.outcomes(request, page);
      // The writer comes between the first look and the second.
      if (request === C && (reads += 1) === 1) await world.forge("request", C, () => ({ counts }));
      return outcomes;
    },
  };
  expect(found(await world.check({ quiet: false }, { store }))).toEqual([]);
  expect(reads).toBeGreaterThan(1);
});

test("a document that never stands still is left, which is told", async () => {
  await using world = await finishedWorld();
  await world.forge("request", C, () => ({ result: "succeeded" as const }));
  const store: ReadStore = {
    ...world.store,
    outcomes: async (request, page) => {
      if (request === C) await world.forge("request", C, () => ({}));
      return world.store.outcomes(request, page);
    },
  };
  const report = await world.check({ quiet: false }, { store });
  expect(report.findings).toEqual([]);
  expect(report.proved.find(({ rule }) => rule === "V2")?.skipped).toContain(C);
});

test("requests and tasks in motion are not judged by what they have not done yet", async () => {
  await using world = await finishedWorld({ withoutOutcomes: [`${C}:0`] });
  await world.forge("request", C, () => ({ state: "running" as const }), NOW);
  await world.forge("task", SHARED, () => ({ state: "settling" as const }), NOW);
  expect(found(await world.check({ quiet: false }))).toEqual([]);
  expect(found(await world.check())).toEqual([]);
});

test("only the requests asked for are looked at, with the tasks that carried them", async () => {
  await using world = await finishedWorld({ withoutOutcomes: [`${C}:0`] });
  await world.forge("request", C, () => ({ result: "failed" as const }));
  const report = await world.check({ requests: [B] });
  expect(report.checked).toMatchObject({ requests: 1, tasks: 1 });
  expect(found(report)).toEqual([`V2 ${C}:00000000`]);
  expect(report.proved.find(({ rule }) => rule === "V8")?.skipped).toContain("only some requests");
  const both = await world.check({ requests: [A, B] });
  expect(both.checked).toMatchObject({ requests: 2, tasks: 2 });
});
