import { changeTask } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { ACCOUNT, aTask, START, tag } from "./documents.ts";
import {
  bareJob,
  candidatesOf,
  endJob,
  foreignLines,
  hiddenRig,
  ID,
  linesOf,
  lostTask,
  OTHER,
  pass,
} from "./hiddenRig.ts";
import { trouble } from "./rig.ts";
import type { Rig } from "./rig.ts";

const MARGIN_MS = 900_000;

/** Two jobs that both fit, at work. */
async function rigWithTwo(): Promise<Rig> {
  const rig = await hiddenRig("a");
  rig.provider.jobs = [bareJob("job_2"), bareJob("job_1")];
  return rig;
}

describe("a lost create whose job shows no tag", () => {
  it("is given the only job that fits after two passes in a row, and not after one", async () => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = [
      bareJob("job_1"),
      bareJob("other", { counts: { total: 9, completed: 0, failed: 0 } }),
    ];
    await pass(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", jobs: [], waitsFor: "sweep" });
    expect(await candidatesOf(rig)).toEqual(["job_1"]);
    await pass(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ jobId: "job_1", how: "provisional" }],
      holds: `${ACCOUNT}/job_1`,
      waitsFor: null,
    });
    const [adopted] = await rig.store.pendingFacts(9);
    expect(adopted?.fact).toMatchObject({ data: { jobId: "job_1", provisional: true } });
  });

  it("begins to count anew where another one fitted for a while", async () => {
    const rig = await hiddenRig("a");
    const [one, two] = [bareJob("job_1"), bareJob("job_2")];
    for (const jobs of [[one], [one, two], [two, one], [one]]) {
      rig.provider.jobs = jobs;
      await pass(rig);
      expect((await rig.doc("task", ID)).jobs).toEqual([]);
    }
    await pass(rig);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([{ jobId: "job_1", how: "provisional" }]);
  });

  it.each([
    ["has another number of lines", { counts: { total: 9, completed: 0, failed: 0 } }],
    ["was created long before it", { createdAt: START - MARGIN_MS - 1 }],
    ["was created long after it", { createdAt: START + 61_000 + MARGIN_MS }],
  ])("is not given a job that %s, and is given up for its absence", async (_what, with_) => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = [bareJob("job_1", with_)];
    await pass(rig, 4);
    expect(await candidatesOf(rig)).toEqual([]);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", jobs: [] });
    await pass(rig, 3);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "planned", intent: null, jobs: [] });
  });

  it("is not given up for a job whose lines are not counted yet, and given it only once they are", async () => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = [bareJob("job_1", { counts: null })];
    await pass(rig, 9);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", jobs: [] });
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig, 1);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([{ jobId: "job_1", how: "provisional" }]);
  });

  it("is not given a job that a pass had seen before its intent, unless it may be older than that", async () => {
    const rig = await hiddenRig();
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig);
    await rig.store.insertOnce("task", lostTask("a", { sweepSeq: 1 }));
    await pass(rig, 3);
    expect(await candidatesOf(rig)).toEqual([]);
    await rig.store.insertOnce("task", lostTask("b", { sweepSeq: 1, perhapsSentAt: START - 60_000 }));
    await pass(rig, 2);
    expect(await rig.doc("task", OTHER)).toMatchObject({ state: "running", jobs: [{ jobId: "job_1" }] });
    expect((await rig.doc("task", ID)).jobs).toEqual([]);
  });

  it("is given a job that the pass under way when its intent was written was the first to see", async () => {
    const rig = await hiddenRig();
    rig.provider.jobs = [bareJob("job_1")];
    rig.provider.before = async (operation) => {
      if (operation === "list" && (await rig.store.load("task", ID)) === undefined)
        await rig.store.insertOnce("task", lostTask("a", { sweepSeq: 0 }));
    };
    await pass(rig, 3);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([{ jobId: "job_1", how: "provisional" }]);
  });

  it("is not given a job that was a mistake before", async () => {
    const rig = await hiddenRig();
    await rig.store.insertOnce("task", { ...lostTask("a"), mistaken: ["job_1"] });
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig, 3);
    expect(await candidatesOf(rig)).toEqual([]);
    expect((await rig.doc("task", ID)).jobs).toEqual([]);
  });

  it("is not given a job that may as well be another attempt's, until its results say whose it is", async () => {
    const rig = await hiddenRig("a", "b");
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig, 9);
    for (const id of [ID, OTHER])
      expect(await rig.doc("task", id)).toMatchObject({ state: "unknown", jobs: [] });
    endJob(rig, "job_1", linesOf(OTHER));
    await pass(rig);
    expect(await rig.doc("task", OTHER)).toMatchObject({ state: "running", jobs: [{ how: "adopted" }] });
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", jobs: [] });
    expect(rig.told).toEqual([]);
  });

  it("is not given a job whose create may be under way just now", async () => {
    const rig = await hiddenRig("a");
    const submitting = aTask("b", "submitting", { dueAt: START + 60_000 });
    await rig.store.insertOnce("task", submitting);
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig, 3);
    expect((await rig.doc("task", ID)).jobs).toEqual([]);
    const answer = { type: "created", job: bareJob("job_1") } as const;
    const command = { type: "recordAnswer", at: rig.now(), answer, timeoutAt: START + 600_000 } as const;
    const held = await rig.doc("task", OTHER);
    const next = changeTask(held, command)?.next ?? held;
    expect(await rig.store.save("task", held, next, { asOwner: false })).toHaveProperty("saved");
    await pass(rig, 2);
    expect(await candidatesOf(rig)).toEqual([]);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", jobs: [] });
  });
});

describe("several jobs that fit", () => {
  it("wait for an operator, whatever time passes, until all but one are another's", async () => {
    const rig = await rigWithTwo();
    await pass(rig, 12);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "unknown",
      jobs: [],
      waitsFor: "operator",
      intent: { revokedAt: null },
    });
    expect(await candidatesOf(rig)).toEqual(["job_2", "job_1"]);
    endJob(rig, "job_1", foreignLines());
    await pass(rig);
    expect(await candidatesOf(rig)).toEqual(["job_2"]);
    expect((await rig.doc("task", ID)).jobs).toEqual([]);
    await pass(rig);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([{ jobId: "job_2", how: "provisional" }]);
  });

  it("are settled by the one that ends with our lines: it is ours for certain", async () => {
    const rig = await rigWithTwo();
    await pass(rig, 2);
    endJob(rig, "job_1", linesOf(ID));
    await pass(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ jobId: "job_1", how: "adopted" }],
    });
    const facts = await rig.store.pendingFacts(9);
    expect(facts.map(({ fact }) => fact)).toMatchObject([{ data: { jobId: "job_1", provisional: false } }]);
  });

  it.each([
    ["49 lines of others before ours", [...foreignLines(49), ...linesOf(ID, 1)], "ours"],
    ["50 lines of others before ours", [...foreignLines(50), ...linesOf(ID, 1)], "theirs"],
    ["a line of others among ours", [...linesOf(ID, 3), "stray", ...linesOf(ID, 9)], "ours"],
    ["ids without a tag", ["1", "2"], "theirs"],
    ["another store's tag", [`grelse-${"a".repeat(20)}-0`], "theirs"],
    ["no lines at all", [], "nobody's"],
  ] as const)("are told apart by results with %s", async (_what, customIds, whose) => {
    const rig = await rigWithTwo();
    endJob(rig, "job_1", customIds);
    await pass(rig);
    const task = await rig.doc("task", ID);
    expect(task.jobs.map(({ jobId }) => jobId)).toEqual(whose === "ours" ? ["job_1"] : []);
    const { strangers = [] } = await rig.doc("sweep", ACCOUNT);
    const owner = { ours: ID, theirs: "foreign", "nobody's": null }[whose];
    expect(strangers.find(({ jobId }) => jobId === "job_1")?.owner).toBe(owner);
    expect(await candidatesOf(rig)).toEqual(whose === "theirs" ? ["job_2"] : ["job_2", "job_1"]);
  });

  it("are told apart by the lines that failed, too", async () => {
    const rig = await rigWithTwo();
    endJob(rig, "job_1", foreignLines(1));
    endJob(rig, "job_2", linesOf(ID, 1));
    const files = { results: "results_job_1", errors: "results_job_2" };
    rig.provider.jobs = rig.provider.jobs.map((job) => ({ ...job, files }));
    await pass(rig);
    expect((await rig.doc("task", ID)).jobs[0]?.how).toBe("adopted");
  });

  it("are not told apart by results that break off, or that cannot be fetched: they are looked into again", async () => {
    const rig = await rigWithTwo();
    endJob(rig, "job_1", foreignLines());
    rig.provider.torn.add("results_job_1");
    await pass(rig);
    expect(await candidatesOf(rig)).toEqual(["job_2", "job_1"]);
    expect(rig.told).toEqual(["results not looked into"]);
    rig.provider.torn.clear();
    await pass(rig);
    expect(await candidatesOf(rig)).toEqual(["job_2"]);
    const { seq, lastError } = await rig.doc("sweep", ACCOUNT);
    expect([seq, lastError]).toEqual([2, null]);
    const before = rig.provider.downloaded.length;
    await pass(rig);
    expect(rig.provider.downloaded).toHaveLength(before);
  });
});

describe("a pass over jobs that show no tags", () => {
  it("looks into no job that can be nobody's of ours", async () => {
    const rig = await hiddenRig();
    await rig.store.insertOnce("task", aTask("r", "running"));
    rig.provider.jobs = [bareJob("job_1")];
    endJob(rig, "job_1", linesOf(tag("nobody")));
    await pass(rig, 2);
    expect(rig.provider.downloaded).toEqual([]);
    const { foreign, orphans } = await rig.doc("sweep", ACCOUNT);
    expect([foreign, orphans]).toEqual([{ jobs: 0, lines: 0 }, []]);
  });

  it("looks into twenty jobs, and leaves the others to the next one", async () => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = Array.from({ length: 23 }, (_, at) => bareJob(`job_${at}`));
    for (const { jobId } of rig.provider.jobs) endJob(rig, jobId, foreignLines(1));
    await pass(rig);
    expect(rig.provider.downloaded).toHaveLength(20);
    await pass(rig);
    expect(rig.provider.downloaded).toHaveLength(23);
    expect(new Set(rig.provider.downloaded).size).toBe(23);
  });

  it("keeps what it knew where it fails midway", async () => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig);
    const before = await rig.doc("sweep", ACCOUNT);
    rig.provider.broken.set("list", trouble("unavailable"));
    await pass(rig);
    const { seq, candidates, strangers } = await rig.doc("sweep", ACCOUNT);
    expect({ seq, candidates, strangers }).toEqual({
      seq: before.seq,
      candidates: { [ID]: ["job_1"] },
      strangers: before.strangers,
    });
  });
});
