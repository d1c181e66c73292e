/** Requests and tasks of more rows than a page. */
import type { Outcome, Slice } from "@granary/domain";
import { acceptedFact, customId, NO_USAGE } from "@granary/domain";
import { expect, test } from "vitest";
import { cutsOf, endedRequest, itemsOf, sliceOf } from "./documents.ts";
import { found } from "./found.ts";
import { applyRows, judgedTask, settledBy, sumsOf } from "./judgedTask.ts";
import { endedJob } from "./jobList.ts";
import { answer } from "./rawLines.ts";
import { emptyWorld } from "./world.ts";
import type { World } from "./world.ts";

const ID = "rqdddddddddddddddddddddddd";
const TASK = "grtest-llllllllllllllllllll";
const SIZE = 1_210;

/** One request in slices of 11, in one task. */
async function largeWorld(): Promise<World> {
  const world = await emptyWorld();
  const keys = Array.from({ length: SIZE }, (_, at) => `k${at}`);
  const sizes = Array.from({ length: SIZE / 11 }, () => 11);
  const cuts = cutsOf(sizes, () => ({}));
  const request = endedRequest(
    ID,
    SIZE,
    { type: "text" },
    {
      input: { inline: itemsOf(keys) },
      cuts,
      result: "succeeded",
    },
  );
  const slices: readonly Slice[] = cuts.map(({ part, from, to }) => sliceOf(ID, part, 0, { from, to }));
  const { task, rows, charge } = await judgedTask(world, {
    id: TASK,
    slices,
    requests: [request],
    jobId: "batch_1",
    results: (id) => keys.map((key, line) => answer(id(line), key)).toReversed(),
    errors: () => [],
  });
  await world.store.insertSlices(slices.map((slice) => settledBy(slice, TASK, rows)));
  await applyRows(world, rows, TASK);
  await world.insert("task", task, []);
  const inline: unknown[] = [];
  let after: number | undefined;
  for (let page: readonly Outcome[] = [{} as Outcome]; page.length > 0; after = page.at(-1)?.ordinal) {
    page = await world.store.outcomes(ID, { after, limit: 500 });
    for (const { request: _request, ordinal, revision: _revision, ref, ...rest } of page) {
      const { provider, account, model } = request;
      inline.push({ key: keys[ordinal], ...rest, provider, account, model, raw: ref });
    }
  }
  const { counts, costMicros, usage } = sumsOf(rows);
  const done = { ...request, counts, costMicros, usage, results: { inline } };
  await world.insert("request", done, [acceptedFact(done)]);
  world.jobs.push(endedJob("batch_1", TASK, { usage: charge }));
  const customIds = keys.map((_, line) => customId(TASK, line));
  world.ledger.push({ jobId: "batch_1", tag: TASK, customIds, charge });
  await world.relay();
  return world;
}

test("a request over several pages has no findings, and the one break in it is found", async () => {
  await using world = await largeWorld();
  const report = await world.check();
  expect(report.findings).toEqual([]);
  expect(report.checked).toMatchObject({ slices: 110, outcomes: SIZE, jobs: 1 });
  const [outcome] = await world.store.outcomes(ID, { after: 1_000, limit: 1 });
  if (!outcome) throw new Error("no outcome");
  await world.store.putOutcomes([{ ...outcome, usage: NO_USAGE, revision: 1 }]);
  expect(found(await world.check())).toEqual([`V2 ${ID}:00001001`]);
});

test("what is found often is told 200 times and counted in full", async () => {
  await using world = await largeWorld();
  await world.forge("request", ID, () => ({ results: { inline: Array.from({ length: SIZE }, () => null) } }));
  const report = await world.check();
  expect(report.findings.length).toBe(200);
  expect(report.proved.find(({ rule }) => rule === "V2")?.findings).toBe(SIZE);
});
