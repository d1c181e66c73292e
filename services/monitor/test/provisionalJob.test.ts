import { describe, expect, it } from "vitest";
import { ACCOUNT, aTask, START } from "./documents.ts";
import {
  bareJob,
  candidatesOf,
  endJob,
  foreignLines,
  guessedRig,
  hiddenRig,
  ID,
  linesOf,
  lostTask,
  OTHER,
  pass,
} from "./hiddenRig.ts";
import { trouble } from "./rig.ts";
import type { Rig } from "./rig.ts";

/** The next looks at the task, a shortest poll apart, without a pass over the account. */
async function look(rig: Rig, times = 1): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    rig.move(500);
    await rig.turn("watchTask", 5);
  }
}

const told = async (rig: Rig): Promise<readonly object[]> =>
  (await rig.store.pendingFacts(99)).map(({ fact }) => ({
    type: fact.type.replace("granary.v1.fact.", ""),
    data: fact.data,
  }));

describe("a job that is held provisionally", () => {
  it("is watched like any other, and is no candidate any more", async () => {
    const rig = await guessedRig();
    rig.provider.jobs = [bareJob("job_1", { counts: { total: 10, completed: 4, failed: 0 } })];
    await pass(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      view: { jobId: "job_1", counts: { completed: 4 } },
    });
    expect(await candidatesOf(rig)).toEqual([]);
    expect(rig.provider.downloaded).toEqual([]);
  });

  it("is ours once its results say so, and is harvested", async () => {
    const rig = await guessedRig();
    endJob(rig, "job_1", linesOf(ID));
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "harvesting",
      jobs: [{ jobId: "job_1", how: "adopted" }],
    });
    expect(await told(rig)).toMatchObject([
      { type: "task.adopted", data: { provisional: true } },
      { type: "task.adopted", data: { provisional: false } },
      { type: "task.ended_at_provider", data: { jobId: "job_1" } },
    ]);
  });

  it("is not harvested by a listing that shows it ended: its results have to be looked into", async () => {
    const rig = await guessedRig();
    endJob(rig, "job_1", linesOf(ID));
    rig.move(1_200);
    await rig.turn("sweepAccount");
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ how: "provisional" }],
      waitsFor: "settle",
    });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({ state: "harvesting", jobs: [{ how: "adopted" }] });
  });

  it("is no verdict while its results break off, or cannot be fetched", async () => {
    const rig = await guessedRig();
    endJob(rig, "job_1", linesOf(ID));
    rig.provider.broken.set("download", trouble("not_found"));
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ how: "provisional" }],
      dueAt: rig.now() + 1_000,
    });
    rig.provider.broken.clear();
    endJob(rig, "job_1", foreignLines(1));
    rig.provider.torn.add("results_job_1");
    await look(rig, 2);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "running", jobs: [{ how: "provisional" }] });
    expect(rig.told).toEqual(["poll failed", "poll failed"]);
    endJob(rig, "job_1", linesOf(ID));
    rig.provider.torn.clear();
    await look(rig, 2);
    expect((await rig.doc("task", ID)).state).toBe("harvesting");
  });

  it("that ends without a line waits for an operator, who may say that it is ours", async () => {
    const rig = await guessedRig();
    endJob(rig, "job_1", []);
    await look(rig, 4);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "running", waitsFor: "settle" });
    await look(rig, 2);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ how: "provisional" }],
      waitsFor: "operator",
    });
    const verdict = {
      at: rig.now(),
      by: "ann",
      attempt: 1,
      says: "attached",
      jobId: "job_1",
      note: "",
    } as const;
    await rig.store.signal("task", [ID], { type: "operator", verdict });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({ state: "harvesting", jobs: [{ how: "adopted" }] });
  });

  it("is never cancelled, neither for a cancellation nor for a time-out", async () => {
    const rig = await guessedRig();
    await rig.store.signal("task", [ID], { type: "end", at: rig.now(), why: "cancelled" });
    await look(rig, 30);
    expect(rig.provider.cancelled).toEqual([]);
    const late = await guessedRig();
    late.move(700_000);
    await look(late, 2);
    expect(await late.doc("task", ID)).toMatchObject({
      end: { why: "timeout" },
      cancelAskedAt: null,
      jobs: [{ how: "provisional" }],
    });
    expect(late.provider.cancelled).toEqual([]);
  });

  it("that is known to be ours by now is cancelled where the task has been ended", async () => {
    const rig = await guessedRig();
    await rig.store.signal("task", [ID], { type: "end", at: rig.now(), why: "cancelled" });
    await look(rig);
    await rig.store.signal("task", [ID], { type: "job", jobId: "job_1", at: rig.now(), how: "created" });
    await look(rig);
    expect(rig.provider.cancelled).toEqual(["job_1"]);
  });

  it("gives way to the job that the create's own answer names, and is left alone", async () => {
    const rig = await guessedRig();
    await rig.store.signal("task", [ID], { type: "end", at: rig.now(), why: "cancelled" });
    rig.provider.jobs = [bareJob("job_2"), bareJob("job_1")];
    await rig.store.signal("task", [ID], { type: "job", jobId: "job_2", at: rig.now(), how: "created" });
    await look(rig, 3);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ jobId: "job_2", how: "created" }],
      mistaken: ["job_1"],
      holds: `${ACCOUNT}/job_2`,
      view: { jobId: "job_2" },
    });
    expect(rig.provider.cancelled).toEqual(["job_2"]);
    await pass(rig, 2);
    expect((await rig.doc("task", ID)).jobs).toHaveLength(1);
  });
});

describe("a job that was held provisionally and is another's", () => {
  it("is given up, and its absence has to be proven anew: two passes without any other, then the next attempt", async () => {
    const rig = await guessedRig();
    await pass(rig, 5);
    endJob(rig, "job_1", foreignLines());
    const steps: string[] = [];
    for (let done = 0; done < 5; done += 1) {
      await pass(rig);
      const { state, waitsFor, intent } = await rig.doc("task", ID);
      steps.push(`${state} ${waitsFor} ${intent?.revokedSeq ?? "-"}`);
    }
    expect(steps).toEqual([
      "unknown sweep -",
      "unknown quiet 9",
      "unknown quiet 9",
      "planned null -",
      "planned null -",
    ]);
    expect(await rig.doc("task", ID)).toMatchObject({
      jobs: [],
      mistaken: ["job_1"],
      holds: `-/${ID}`,
      view: null,
      lastError: { code: "not_our_job", message: "job_1: its results are another's" },
    });
    expect(await rig.facts()).toEqual(["task.adopted", "task.create_unknown"]);
    expect(rig.provider.cancelled).toEqual([]);
  });

  it("has its absence proven anew, too, where that had begun before it showed up", async () => {
    const rig = await hiddenRig("a");
    await pass(rig, 5);
    expect((await rig.doc("task", ID)).intent?.revokedSeq).toBe(5);
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig, 2);
    endJob(rig, "job_1", foreignLines());
    const steps: string[] = [];
    for (let done = 0; done < 5; done += 1) {
      await pass(rig);
      const { state, intent } = await rig.doc("task", ID);
      steps.push(`${state} ${intent?.revokedSeq ?? "-"}`);
    }
    expect(steps).toEqual(["unknown -", "unknown 9", "unknown 9", "planned -", "planned -"]);
  });

  it("makes no room for one that was there before the create, however long it was held", async () => {
    const rig = await hiddenRig();
    rig.provider.jobs = [bareJob("old")];
    await pass(rig);
    await rig.store.insertOnce("task", lostTask("a", { sweepSeq: 1 }));
    rig.provider.jobs = [bareJob("job_1"), bareJob("old")];
    await pass(rig, 2);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([{ jobId: "job_1", how: "provisional" }]);
    // So long that passes go back no further than to what is younger.
    rig.move(3_600_000);
    await pass(rig, 2);
    endJob(rig, "job_1", foreignLines());
    await pass(rig, 2);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", mistaken: ["job_1"] });
    expect(await candidatesOf(rig)).toEqual([]);
    await pass(rig, 3);
    expect((await rig.doc("task", ID)).state).toBe("planned");
  });

  it("makes room for the one that is ours", async () => {
    const rig = await guessedRig();
    endJob(rig, "job_1", foreignLines());
    rig.provider.jobs = [bareJob("job_2"), ...rig.provider.jobs];
    await pass(rig, 3);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ jobId: "job_2", how: "provisional" }],
      mistaken: ["job_1"],
    });
    endJob(rig, "job_2", linesOf(ID));
    await look(rig);
    expect((await rig.doc("task", ID)).state).toBe("harvesting");
  });

  it("is handed to the task whose lines it has", async () => {
    const rig = await guessedRig();
    await rig.store.insertOnce("task", aTask("b", "planned", { dueAt: START + 99_000_000 }));
    endJob(rig, "job_1", linesOf(OTHER));
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", mistaken: ["job_1"] });
    const other = await rig.doc("task", OTHER);
    expect(other).toMatchObject({ jobs: [{ jobId: "job_1", how: "adopted" }] });
    expect(other.dueAt).toBeLessThanOrEqual(rig.now());
  });

  it("is given up when its account has not known it for long, and not before", async () => {
    const rig = await guessedRig();
    rig.provider.jobs = [];
    await look(rig);
    const { view } = await rig.doc("task", ID);
    expect(view?.missingSince).toBe(rig.now());
    await look(rig, 9);
    expect((await rig.doc("task", ID)).state).toBe("running");
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "unknown",
      mistaken: ["job_1"],
      lastError: { message: "job_1: the account does not know the job any more" },
    });
  });

  it("is given up, too, where an operator says that no job came of the create, and so is the attempt", async () => {
    const rig = await guessedRig();
    const said = {
      at: rig.now(),
      by: "ann",
      attempt: 1,
      says: "not_created",
      jobId: null,
      note: "",
    } as const;
    await rig.store.signal("task", [ID], { type: "operator", verdict: said });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", jobs: [], mistaken: ["job_1"] });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({ state: "planned", intent: null });
    expect(rig.provider.cancelled).toEqual([]);
  });

  it("is found again by its results where the operator was wrong", async () => {
    const rig = await guessedRig();
    const said = {
      at: rig.now(),
      by: "ann",
      attempt: 1,
      says: "not_created",
      jobId: null,
      note: "",
    } as const;
    await rig.store.signal("task", [ID], { type: "operator", verdict: said });
    await rig.turn("watchTask");
    await rig.turn("watchTask");
    endJob(rig, "job_1", linesOf(ID));
    await pass(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "planned",
      jobs: [{ jobId: "job_1", how: "adopted" }],
      dueAt: rig.now(),
    });
  });
});
