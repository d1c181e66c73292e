/** V7, V8 and V11: what the provider and its ledger say. */
import type { TaskJob, Usage } from "@granary/domain";
import { customId, NO_USAGE, ProviderTrouble } from "@granary/domain";
import { expect, test } from "vitest";
import type { LedgerCreate } from "../src/index.ts";
import { ACCOUNT, taskOf } from "./documents.ts";
import { A0, AGAIN, C0, finishedWorld, SHARED, VOID } from "./finishedWorld.ts";
import type { FinishedWorld } from "./finishedWorld.ts";
import { found, of } from "./found.ts";
import { endedJob, jobList } from "./jobList.ts";
import { verdictsOf } from "./judgedTask.ts";
import { USAGE } from "./rawLines.ts";
import { DIALECT } from "./world.ts";
import { NOW } from "./documents.ts";

async function forgeSurplus(world: FinishedWorld, with_: Partial<TaskJob>, dueAt: number | null = null) {
  await world.forge(
    "task",
    AGAIN,
    ({ jobs }) => ({ jobs: jobs.map((job) => (job.jobId === "batch_3" ? { ...job, ...with_ } : job)) }),
    dueAt,
  );
}

function forgeLedger({ ledger }: FinishedWorld, jobId: string, with_: Partial<LedgerCreate>): void {
  const at = ledger.findIndex((create) => create.jobId === jobId);
  const create = ledger[at];
  if (create) ledger[at] = { ...create, ...with_ };
}

function forget({ cacheWriteTokens: _written, ...usage }: Usage): Usage {
  return usage;
}

test("V7 and V8 name a job of ours that its task does not know", async () => {
  await using world = await finishedWorld();
  world.jobs.push(endedJob("batch_9", SHARED));
  world.ledger.push({ jobId: "batch_9", tag: SHARED, lines: 9 });
  const report = await world.check();
  expect(found(report)).toEqual(["V7 batch_9", "V8 batch_9"]);
  expect(of("V7", report)).toMatchObject([{ task: SHARED, jobId: "batch_9" }]);
});

test("V7 names a job only the ledger knows", async () => {
  await using world = await finishedWorld();
  world.ledger.push({ jobId: "batch_9", tag: AGAIN, lines: 1 });
  expect(found(await world.check({}, { accounts: new Map([[ACCOUNT, { dialect: DIALECT }]]) }))).toEqual([
    "V7 batch_9",
  ]);
});

test("V7 names a second job that was never told of, is still open, or was not counted", async () => {
  await using world = await finishedWorld();
  await forgeSurplus(world, { cancelAskedAt: null });
  expect(of("V7", await world.check())).toMatchObject([
    { id: "batch_3", message: expect.stringMatching(/nobody told/) as string },
  ]);
  await forgeSurplus(world, { cancelAskedAt: 4_100, closedAt: null }, NOW);
  expect(of("V7", await world.check())).toMatchObject([
    { id: "batch_3", message: expect.stringMatching(/still open/) as string },
  ]);
  expect(found(await world.check({ quiet: false }))).toEqual([]);
  await forgeSurplus(world, { closedAt: 4_200, costMicros: 0 });
  expect(of("V7", await world.check())).toMatchObject([
    { id: "batch_3", message: expect.stringMatching(/charged for, 10/) as string },
  ]);
  const { prices: _prices, ...unpriced } = world.deps;
  const { verify } = await import("../src/index.ts");
  expect(of("V7", await verify(unpriced, { quiet: true }))).toMatchObject([{ id: "batch_3" }]);
});

test("V7 names a task that holds two jobs at once", async () => {
  await using world = await finishedWorld();
  await forgeSurplus(world, { how: "adopted" });
  expect(found(await world.check())).toEqual([`V7 ${AGAIN}`]);
});

test("V7 names a slice that two tasks sent", async () => {
  await using world = await finishedWorld();
  await world.store.moveSlices({
    which: { ids: [C0] },
    from: ["settled"],
    to: "settled",
    set: { taskId: AGAIN },
  });
  expect(of("V7", await world.check())).toMatchObject([
    { id: C0, task: SHARED, message: `is in the manifest of ${SHARED}, which was sent, and in ${AGAIN}` },
  ]);
});

test("V7 names lines in the ledger that are none of the task's, come twice, or are too many", async () => {
  await using world = await finishedWorld();
  const ids = world.ledger[0]?.customIds ?? [];
  forgeLedger(world, "batch_1", { customIds: [...ids.slice(1), customId(SHARED, 99)] });
  expect(of("V7", await world.check())).toMatchObject([
    { id: "batch_1", message: expect.stringMatching(/no line of/) as string },
  ]);
  forgeLedger(world, "batch_1", { customIds: [...ids.slice(1), customId(SHARED, 1)] });
  expect(of("V7", await world.check())).toMatchObject([
    { id: "batch_1", message: expect.stringMatching(/a line twice/) as string },
  ]);
  forgeLedger(world, "batch_1", { customIds: ids });
  forgeLedger(world, "batch_2", { lines: 2 });
  expect(of("V7", await world.check())).toMatchObject([
    { id: "batch_2", task: AGAIN, message: "carried 2 lines, its task has 1" },
  ]);
  forgeLedger(world, "batch_2", { status: "failed" });
  expect(found(await world.check())).toEqual([]);
});

test("V7 says what it could not prove without a ledger", async () => {
  await using world = await finishedWorld();
  const { ledger: _ledger, ...deps } = world.deps;
  const { verify } = await import("../src/index.ts");
  const report = await verify(deps, { quiet: true });
  expect(report.findings).toEqual([]);
  expect(report.proved.find(({ rule }) => rule === "V7")?.skipped).toMatch("without a ledger");
});

test("V8 names a job with our tag and no task, whoever knows of it", async () => {
  await using world = await finishedWorld();
  const tag = "grtest-oooooooooooooooooooo";
  world.jobs.push(endedJob("batch_8", tag));
  world.ledger.push({ jobId: "batch_7", tag });
  const report = await world.check();
  expect(found(report)).toEqual(["V7 batch_7", "V8 batch_8"]);
  expect(of("V8", report)).toMatchObject([{ jobId: "batch_8", task: tag, account: ACCOUNT }]);
});

test("V8 names a job that its account does not know, and not one that was given up as lost", async () => {
  await using world = await finishedWorld();
  const { ledger: _ledger, ...deps } = world.deps;
  const { verify } = await import("../src/index.ts");
  world.jobs.splice(
    world.jobs.findIndex(({ jobId }) => jobId === "batch_1"),
    1,
  );
  const report = await verify(deps, { quiet: true });
  expect(of("V8", report)).toMatchObject([{ id: "batch_1", task: SHARED, account: ACCOUNT }]);
  await world.forge("task", SHARED, () => ({ noFetch: "job_lost" as const }));
  expect(of("V8", await verify(deps, { quiet: true }))).toEqual([]);
});

test("V8 names a job that the ledger does not have under its task's tag", async () => {
  await using world = await finishedWorld();
  forgeLedger(world, "batch_2", { tag: null });
  expect(found(await world.check())).toEqual(["V8 batch_2"]);
});

test("V7 says that no ledger speaks of an account that is not simulated", async () => {
  await using world = await finishedWorld();
  const account = "openai:default";
  await world.forge("task", SHARED, ({ jobs }) => ({ account, holds: `${account}/${jobs[0]?.jobId}` }));
  world.ledger.shift();
  const accounts = new Map([
    ...(world.deps.accounts ?? []),
    [account, { dialect: DIALECT, provider: jobList(world.jobs.splice(2, 1)) }] as const,
  ]);
  const report = await world.check({}, { accounts });
  expect(report.findings).toEqual([]);
  expect(report.proved.find(({ rule }) => rule === "V7")?.skipped).toBe(`no ledger speaks of ${account}`);
});

test("V8 asks for a job that the list does not show yet", async () => {
  await using world = await finishedWorld();
  const late = jobList(world.jobs.filter(({ jobId }) => jobId !== "batch_2"));
  const provider = { list: late.list, get: jobList(world.jobs).get };
  const accounts = new Map([[ACCOUNT, { dialect: DIALECT, provider }]]);
  expect(found(await world.check({}, { accounts }))).toEqual([]);
});

test("V8 names a job under another account, and a task that holds another job than its own", async () => {
  await using world = await finishedWorld();
  const accounts = new Map([
    [ACCOUNT, { dialect: DIALECT, provider: jobList(world.jobs) }],
    ["openai:other", { provider: jobList([endedJob("batch_1", SHARED)]) }],
  ]);
  expect(of("V8", await world.check({}, { accounts }))).toContainEqual(
    expect.objectContaining({ id: "batch_1", account: "openai:other" }),
  );
  await world.forge("task", SHARED, () => ({ holds: `${ACCOUNT}/batch_0` }));
  expect(found(await world.check())).toEqual([`V8 ${SHARED}`]);
});

test("V8 says which account did not answer", async () => {
  await using world = await finishedWorld();
  const provider = {
    ...jobList([]),
    list: async () => {
      throw new ProviderTrouble("unavailable", "503", "down");
    },
  };
  const report = await world.check({}, { accounts: new Map([[ACCOUNT, { dialect: DIALECT, provider }]]) });
  expect(report.findings).toEqual([]);
  expect(report.proved.find(({ rule }) => rule === "V8")?.skipped).toBe(`${ACCOUNT} did not answer (503)`);
});

test("V7 and V8 leave a create alone that a system at work is just about to record", async () => {
  await using world = await finishedWorld();
  const id = "grtest-nnnnnnnnnnnnnnnnnnnn";
  await world.store.insertOnce("task", taskOf(id, "unknown", { attempt: 1 }));
  world.jobs.push(endedJob("batch_9", id), endedJob("batch_10", SHARED, { createdAt: NOW - 1 }));
  world.ledger.push({ jobId: "batch_9", tag: id }, { jobId: "batch_10", tag: SHARED, at: NOW - 1 });
  expect(found(await world.check({ quiet: false }))).toEqual([]);
  expect(found(await world.check())).toEqual(["V7 batch_10", "V7 batch_9", "V8 batch_10", "V8 batch_9"]);
});

test("V11 names a task whose lines used more, or otherwise, than the provider says", async () => {
  await using world = await finishedWorld();
  for (const [jobId, task] of [
    ["batch_1", SHARED],
    ["batch_2", AGAIN],
  ] as const) {
    const at = world.jobs.findIndex((job) => job.jobId === jobId);
    const job = world.jobs[at];
    if (!job?.usage) throw new Error("no job");
    const { usage } = job;
    world.jobs[at] = { ...job, usage: { ...usage, inputTokens: usage.inputTokens - 1 } };
    expect(of("V11", await world.check())).toMatchObject([
      { id: task, jobId, message: expect.stringMatching(/inputTokens/) as string },
    ]);
    // A line that never came may have been charged for: more is no fault where one is missing.
    world.jobs[at] = { ...job, usage: { ...usage, outputTokens: usage.outputTokens + 1 } };
    expect(found(await world.check())).toEqual(task === SHARED ? [] : [`V11 ${task}`]);
    world.jobs[at] = job;
  }
});

test("V11 holds what was written to the cache against what was charged for", async () => {
  const prompt_tokens_details = {
    cached_tokens: 2,
    cache_write_tokens: 12,
    cache_write_tokens_details: { ttl_30m_tokens: 5, ttl_12h_tokens: 7 },
  };
  await using world = await finishedWorld({ used: { ...USAGE, prompt_tokens_details } });
  expect(found(await world.check())).toEqual([]);
  // A list of jobs does not tell what was written, which is no finding.
  for (const [at, job] of world.jobs.entries()) {
    const { cacheWriteTokens: _written, longCacheWriteTokens: _long, ...usage } = job.usage ?? NO_USAGE;
    world.jobs[at] = { ...job, usage: job.usage && usage };
  }
  expect(found(await world.check())).toEqual([]);
  const charge = world.ledger.find(({ jobId }) => jobId === "batch_2")?.charge;
  if (!charge) throw new Error("no charge");
  expect(charge).toMatchObject({ cacheWriteTokens: 12, longCacheWriteTokens: 7 });
  for (const [name, tokens] of [
    ["cacheWriteTokens", 11],
    ["cacheWriteTokens", undefined],
    ["longCacheWriteTokens", 8],
  ] as const) {
    const { [name]: _told, ...rest } = charge;
    forgeLedger(world, "batch_2", { charge: tokens === undefined ? rest : { ...rest, [name]: tokens } });
    expect(of("V11", await world.check())).toMatchObject([
      { id: AGAIN, message: expect.stringContaining(` ${name} in its lines, the provider says `) as string },
    ]);
  }
});

test("V11 adds up what was written to the cache, from the rows to the request", async () => {
  const prompt_tokens_details = { cached_tokens: 0, cache_write_tokens: 12 };
  await using world = await finishedWorld({ used: { ...USAGE, prompt_tokens_details } });
  await world.forge("task", SHARED, ({ verdicts }) => ({
    verdicts: verdicts && { ...verdicts, usage: forget(verdicts.usage) },
  }));
  const [slice] = await world.store.loadSlices([A0]);
  if (!slice?.counts || !slice.usage) throw new Error("no slice");
  await world.store.moveSlices({ which: { ids: [A0] }, from: ["settled"], to: "harvesting" });
  const { id, counts, costMicros, cutBy } = slice;
  await world.store.settleSlices([{ id, counts, costMicros, cutBy, usage: forget(slice.usage) }]);
  expect(of("V11", await world.check()).map(({ id: of_, message }) => `${of_} ${message}`)).toEqual([
    `${slice.request} has another usage than its slices`,
    `${SHARED} has another usage than its rows`,
    `${A0} has another usage than its rows`,
  ]);
});

test("V11 names sums of a request, a task and a slice that are not their parts'", async () => {
  await using world = await finishedWorld();
  await world.forge("task", SHARED, ({ verdicts }) => ({
    verdicts: verdicts && { ...verdicts, costMicros: 1, unusedMicros: 1 },
  }));
  const [slice] = await world.store.loadSlices([A0]);
  if (!slice?.counts || !slice.usage) throw new Error("no slice");
  await world.store.moveSlices({ which: { ids: [A0] }, from: ["settled"], to: "harvesting" });
  const { id, counts, usage, cutBy } = slice;
  await world.store.settleSlices([{ id, counts, usage, cutBy, costMicros: 1_000 }]);
  const report = await world.check();
  expect(of("V11", report).map(({ id: of_, message }) => `${of_} ${message}`)).toEqual([
    `${slice.request} cost 40, its slices cost 1020`,
    `${SHARED} cost 1, its rows cost 50`,
    `${SHARED} has 1 unused, its files say 20`,
    `${A0} cost 1000, its rows cost 20`,
  ]);
});

test("V11 names a row that is priced wrong, where the prices are given", async () => {
  await using world = await finishedWorld();
  const { verdicts } = world.shared.task;
  if (!verdicts) throw new Error("no verdicts");
  const { aside, unusedMicros } = verdicts;
  const rows = world.shared.rows.map((row) => (row.line === 7 ? { ...row, costMicros: 11 } : row));
  const forged = await verdictsOf(world, verdicts.path, rows, { aside, unusedMicros });
  await world.forge("task", SHARED, () => ({ verdicts: forged }));
  expect(of("V11", await world.check())).toContainEqual(
    expect.objectContaining({ id: `${SHARED}-7`, message: "cost 11, by its usage 10" }),
  );
});

test("a void task that still has its surplus to close is no finding of its own", async () => {
  await using world = await finishedWorld();
  await world.store.signal("task", [VOID], { type: "job", jobId: "batch_v", at: 1, how: "adopted" });
  world.jobs.push(endedJob("batch_v", VOID));
  world.ledger.push({ jobId: "batch_v", tag: VOID });
  expect(found(await world.check({ quiet: false }))).toEqual([]);
});
