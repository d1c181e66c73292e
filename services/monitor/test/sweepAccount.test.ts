import { describe, expect, it } from "vitest";
import { ACCOUNT, aJob, aTask, overJob, START, tag } from "./documents.ts";
import { openRig, trouble } from "./rig.ts";
import type { Rig } from "./rig.ts";

const sweep = async (rig: Rig, ms = 0): Promise<void> => {
  rig.move(ms);
  expect(await rig.turn("sweepAccount")).toBe(1);
};

/** As many jobs of others as that, newest first, a minute apart. */
const foreignJobs = (count: number, from = START) =>
  Array.from({ length: count }, (_, at) => aJob(`foreign_${at}`, { createdAt: from - at * 60_000 }));

describe("a pass over an account's jobs", () => {
  it("takes every page, raises the number of passes, and is due again", async () => {
    const rig = await openRig();
    rig.provider.jobs = foreignJobs(5);
    await sweep(rig);
    expect(rig.provider.pages).toEqual([null, "foreign_1", "foreign_3"]);
    const doc = await rig.doc("sweep", ACCOUNT);
    expect(doc).toMatchObject({ seq: 1, startedAt: START, owner: null, strikes: 0, lastError: null });
    expect(doc.dueAt).toBeGreaterThanOrEqual(START + 900);
    expect(doc.dueAt).toBeLessThanOrEqual(START + 1_100);
  });

  it("goes no further back than the oldest attempt that is open", async () => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", "unknown"));
    await sweep(rig);
    rig.provider.pages.length = 0;
    rig.provider.jobs = foreignJobs(60);
    await sweep(rig, 1_200);
    // A quarter of an hour before the attempt, at a job a minute and two a page.
    expect(rig.provider.pages).toHaveLength(9);
  });

  it("counts what is not ours and still works, and only that", async () => {
    const rig = await openRig();
    const others = [{ tag: "grelse-aaaaaaaaaaaaaaaaaaaa" }, { tag: null }, { counts: null }] as const;
    rig.provider.jobs = [...others.map((with_, at) => aJob(`other_${at}`, with_)), overJob("over")];
    await sweep(rig);
    expect((await rig.doc("sweep", ACCOUNT)).foreign).toEqual({ jobs: 3, lines: 20 });
    rig.provider.jobs = [];
    await sweep(rig, 1_200);
    expect((await rig.doc("sweep", ACCOUNT)).foreign).toEqual({ jobs: 0, lines: 0 });
  });

  it("tells of jobs with our tag that no task has", async () => {
    const rig = await openRig();
    rig.provider.jobs = [aJob("lost", { tag: tag("nobody") })];
    await sweep(rig);
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ orphans: ["lost"], foreign: { jobs: 0 } });
    expect(rig.told).toEqual(["job with our tag and no task"]);
  });

  it("that fails proves nothing: the number stays, and the error is told", async () => {
    const rig = await openRig();
    rig.provider.jobs = foreignJobs(4);
    rig.provider.before = async () => {
      if (rig.provider.pages.length > 0) throw trouble("limit", 9_000);
    };
    await sweep(rig);
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({
      seq: 0,
      dueAt: START + 9_000,
      lastError: { code: "limit", at: START },
      foreign: { jobs: 0 },
    });
    rig.provider.before = async () => {};
    await sweep(rig, 9_000);
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ seq: 1, lastError: null, foreign: { jobs: 4 } });
  });

  it("that was overtaken raises nothing: only the holder of the claim does", async () => {
    const rig = await openRig();
    rig.provider.jobs = foreignJobs(1);
    rig.provider.before = async () => {
      rig.provider.before = async () => {};
      rig.move(5_001);
      await rig.turn("sweepAccount");
    };
    await rig.turn("sweepAccount");
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ seq: 1 });
    expect(rig.told).toEqual(["lease lost"]);
  });
});

describe("a listing as the poll of all running jobs", () => {
  it("writes down what changed, postpones the rest, and leaves woken ones alone", async () => {
    const rig = await openRig();
    for (const name of ["a", "b", "c"]) await rig.store.insertOnce("task", aTask(name, "running"));
    rig.provider.jobs = [
      overJob("batch_a", { tag: tag("a") }),
      aJob("batch_b", { tag: tag("b") }),
      aJob("batch_c", { tag: tag("c") }),
    ];
    rig.provider.before = async () => {
      if (rig.provider.pages.length === 1) await rig.store.signal("task", [tag("c")], { type: "wake" });
    };
    const before = await rig.doc("task", tag("b"));
    await sweep(rig);
    expect(await rig.doc("task", tag("a"))).toMatchObject({ state: "harvesting", dueAt: START });
    const postponed = await rig.doc("task", tag("b"));
    expect([postponed.version, postponed.dueAt]).toEqual([before.version, START + 1_000]);
    expect(await rig.facts()).toEqual(["task.ended_at_provider"]);
  });

  it("keeps a job that is to end due, so that it is cancelled", async () => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", "running"));
    await rig.store.signal("task", [tag("a")], { type: "end", at: START, why: "cancelled" });
    rig.provider.jobs = [aJob("batch_a", { counts: { total: 10, completed: 1, failed: 0 } })];
    await sweep(rig, 500);
    expect(await rig.doc("task", tag("a"))).toMatchObject({
      dueAt: START + 500,
      view: { counts: { completed: 1 } },
    });
  });

  it("settles a job that was over for the whole window, whatever it still lacks", async () => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", "running"));
    rig.provider.jobs = [overJob("batch_a", { files: {} })];
    await sweep(rig);
    expect(await rig.doc("task", tag("a"))).toMatchObject({ state: "running", waitsFor: "settle" });
    await sweep(rig, 2_000);
    expect((await rig.doc("task", tag("a"))).state).toBe("harvesting");
  });
});

describe("a job with a known tag that its task does not hold", () => {
  it.each(["planned", "submitting", "unknown"] as const)("is the job of a task that is %s", async (state) => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", state, { dueAt: START + 60_000 }));
    rig.provider.jobs = [aJob("batch_7", { tag: tag("a") })];
    await sweep(rig);
    const task = await rig.doc("task", tag("a"));
    expect(task).toMatchObject({ state, jobs: [{ jobId: "batch_7", how: "adopted" }], dueAt: START });
    await sweep(rig, 1_200);
    expect((await rig.doc("task", tag("a"))).version).toBe(task.version);
  });

  it.each(["void", "running", "harvesting", "ended"] as const)("is surplus where it is %s", async (state) => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", state));
    rig.provider.jobs = [aJob("batch_7", { tag: tag("a") })];
    await sweep(rig);
    const { jobs } = await rig.doc("task", tag("a"));
    expect(jobs.find(({ jobId }) => jobId === "batch_7")).toMatchObject({ how: "surplus", closedAt: null });
  });
});
