/** A job that somebody else created: it has no tag, and its lines have their maker's ids. */
import { acceptedFact } from "@granary/domain";
import { expect, test } from "vitest";
import { ACCOUNT, cutsOf, endedRequest, itemsOf, sliceOf } from "./documents.ts";
import { found, of } from "./found.ts";
import { applyRows, judgedTask, jsonl, settledBy, sumsOf } from "./judgedTask.ts";
import type { Judged } from "./judgedTask.ts";
import { endedJob } from "./jobList.ts";
import { answer } from "./rawLines.ts";
import { emptyWorld } from "./world.ts";
import type { World } from "./world.ts";

const ID = "rqeeeeeeeeeeeeeeeeeeeeeeee";
const TASK = "grtest-eeeeeeeeeeeeeeeeeeee";
const JOB = "batch_script";
/** One of them in the form of our own ids: it names line 2 all the same. */
const IDS = ["row/1", "row 2", `${TASK}-0`];

/** A request of three items whose job a script had created. */
async function adoptedWorld(): Promise<World & Judged> {
  const world = await emptyWorld();
  const slice = sliceOf(ID, 0, 0, { from: 0, to: 3 });
  const request = endedRequest(
    ID,
    3,
    { type: "text" },
    { input: { inline: itemsOf(IDS) }, cuts: cutsOf([3], () => ({})), result: "succeeded" },
  );
  const judged = await judgedTask(world, {
    id: TASK,
    slices: [slice],
    requests: [request],
    jobId: JOB,
    ownIds: IDS,
    results: (id) => [
      answer(id(2), "two"),
      answer(id(0), "zero"),
      answer(`${TASK}-1`, "of nobody"),
      answer(id(1), "one"),
    ],
    errors: () => [],
  });
  const { task, rows, charge } = judged;
  await world.store.insertSlices([settledBy(slice, TASK, rows)]);
  await applyRows(world, rows, TASK);
  await world.insert("task", task, []);
  const outcomes = await world.store.outcomes(ID, { limit: 9 });
  const { provider, account, model } = request;
  const inline = outcomes.map(({ request: _request, ordinal, revision: _revision, ref, ...rest }) => ({
    key: IDS[ordinal],
    ...rest,
    provider,
    account,
    model,
    raw: ref,
  }));
  const { counts, costMicros, usage } = sumsOf(rows);
  const done = { ...request, counts, costMicros, usage, results: { inline } };
  await world.insert("request", done, [acceptedFact(done)]);
  world.jobs.push(endedJob("batch_0", null), endedJob(JOB, "my nightly run", { usage: charge }));
  world.ledger.push(
    { jobId: "batch_0", tag: null, lines: 7 },
    { jobId: JOB, tag: "my nightly run", lines: 3, status: "completed", charge },
  );
  await world.relay();
  return { ...world, ...judged };
}

test("an adopted job is found by its id and judged by its maker's ids, and nothing is wrong with it", async () => {
  await using world = await adoptedWorld();
  const report = await world.check();
  expect(report.findings).toEqual([]);
  const checked = new Map(report.proved.map((proof) => [proof.rule, proof.checked]));
  for (const rule of ["V6", "V7", "V8", "V11"] as const) expect(checked.get(rule)).toBeGreaterThan(0);
});

test("V8 and V7 name an adopted job that neither the account nor the ledger knows, or that is another task's", async () => {
  await using world = await adoptedWorld();
  world.ledger.splice(1, 1);
  expect(of("V8", await world.check())).toMatchObject([
    { id: JOB, message: `is known to ${TASK}; the ledger has no such job` },
  ]);
  const [other] = world.jobs.splice(1, 1);
  const messages = of("V8", await world.check()).map(({ message }) => message);
  expect(messages).toContain(`is known to ${TASK}; ${ACCOUNT} does not know it`);
  const tag = "grtest-oooooooooooooooooooo";
  world.jobs.push({ ...(other ?? endedJob(JOB, null)), tag });
  const told = of("V8", await world.check()).map(({ message }) => message);
  expect(told).toContain(`is known to ${TASK} and carries the tag ${tag}`);
});

test("V7 names an adopted job of another number of lines, and V11 one that cost something else", async () => {
  await using world = await adoptedWorld();
  const create = world.ledger[1];
  if (!create) throw new Error("no create");
  world.ledger[1] = { ...create, lines: 4 };
  expect(of("V7", await world.check())).toMatchObject([
    { id: JOB, message: "carried 4 lines, its task has 3" },
  ]);
  world.ledger[1] = create;
  const job = world.jobs[1];
  if (!job) throw new Error("no job");
  world.jobs[1] = { ...job, usage: { ...world.charge, outputTokens: 1 } };
  expect(found(await world.check())).toEqual([`V11 ${TASK}`]);
});

test("V3 and V6 name a manifest that lacks an id, names one twice, or gives one to another line", async () => {
  await using world = await adoptedWorld();
  const { manifest } = world.task;
  if (!manifest) throw new Error("no manifest");
  const rows = IDS.map((customId, line) => ({ line, slice: `${ID}.000000.000`, ordinal: line, customId }));
  const findingsWith = async (...ids: readonly (string | undefined)[]) => {
    const text = jsonl(rows.map((row, line) => ({ ...row, customId: ids[line] })));
    const written = await world.put(manifest.path, text);
    await world.forge("task", TASK, () => ({ manifest: written }));
    return world.check();
  };
  expect((await findingsWith(...IDS)).findings).toEqual([]);
  for (const ids of [
    [IDS[0], undefined, IDS[2]],
    [IDS[0], IDS[0], IDS[2]],
  ])
    expect(of("V3", await findingsWith(...ids))).toMatchObject([
      { id: TASK, line: 1, message: "its manifest has no custom id of its own in row 1" },
    ]);
  const swapped = of("V6", await findingsWith(IDS[1], IDS[0], IDS[2])).map(({ id }) => id);
  expect(swapped.toSorted()).toEqual([`${TASK}-0`, `${TASK}-1`]);
});
