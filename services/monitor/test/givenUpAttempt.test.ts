import type { OperatorVerdict } from "@granary/domain";
import { changeTask, createTimeoutMs } from "@granary/domain";
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
  OTHER,
  pass,
} from "./hiddenRig.ts";
import { openRig, trouble } from "./rig.ts";
import type { Rig } from "./rig.ts";

const DAYS_MS = 48 * 3_600_000;
const SUSPECT = { taskId: ID, lines: 10, from: START, to: START + createTimeoutMs(1_000) };
const FAR = { dueAt: START + 10 * DAYS_MS };

/** A task whose attempt was given up for the absence of its job. */
async function givenUpRig(): Promise<Rig> {
  const rig = await hiddenRig("a");
  await pass(rig, 7);
  const { state } = await rig.doc("task", ID);
  if (state !== "planned") throw new Error(`the task is ${state}`);
  return rig;
}

/** The task's next attempt, answered with a job. */
async function createAnew(rig: Rig, jobId: string): Promise<void> {
  const held = await rig.doc("task", ID);
  const intent = { nonce: "n2", at: rig.now(), startedAt: rig.now(), sweepSeq: 7, fileId: null };
  const job = bareJob(jobId, { createdAt: rig.now() });
  const changed = changeTask(
    held,
    { type: "admit" },
    { type: "recordIntent", intent },
    {
      type: "recordAnswer",
      at: rig.now(),
      answer: { type: "created", job },
      timeoutAt: rig.now() + 600_000,
    },
  );
  if (!changed) throw new Error("nothing was created");
  await rig.store.save("task", held, changed.next, { asOwner: false });
  rig.provider.jobs = [job, ...rig.provider.jobs];
}

const suspectsOf = async (rig: Rig) => (await rig.doc("sweep", ACCOUNT)).suspects;

async function operator(rig: Rig, with_: Partial<OperatorVerdict>): Promise<void> {
  const said = { at: rig.now(), by: "ann", attempt: 1, says: "not_created", jobId: null, note: "" } as const;
  await rig.store.signal("task", [ID], { type: "operator", verdict: { ...said, ...with_ } });
}

describe("an attempt that was given up where no tags are shown", () => {
  it("is remembered, so that its job is looked for", async () => {
    const rig = await givenUpRig();
    expect(await suspectsOf(rig)).toEqual([SUSPECT]);
    await pass(rig);
    expect(await suspectsOf(rig)).toEqual([SUSPECT]);
  });

  it("of an account that shows tags is not", async () => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", "unknown"));
    await pass(rig, 7);
    expect((await rig.doc("task", ID)).state).toBe("planned");
    const sweep = await rig.doc("sweep", ACCOUNT);
    expect([sweep.suspects, sweep.strangers, sweep.candidates]).toEqual([undefined, undefined, undefined]);
  });

  it("takes its job after all where it shows up before another is created", async () => {
    const rig = await givenUpRig();
    // Hours later, and behind several pages of newer jobs.
    rig.move(7_200_000);
    const newer = Array.from({ length: 5 }, (_, at) => bareJob(`new_${at}`, { createdAt: rig.now() }));
    rig.provider.jobs = [...newer, bareJob("job_1")];
    await pass(rig, 2);
    expect((await rig.doc("task", ID)).jobs).toEqual([]);
    endJob(rig, "job_1", linesOf(ID));
    await pass(rig);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([{ jobId: "job_1", how: "adopted" }]);
  });

  it("has its job told, counted and closed as surplus where another was created meanwhile", async () => {
    const rig = await givenUpRig();
    await createAnew(rig, "job_2");
    rig.provider.jobs = [...rig.provider.jobs, bareJob("job_1")];
    await pass(rig, 2);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([{ jobId: "job_2", how: "created" }]);
    endJob(rig, "job_1", linesOf(ID));
    await pass(rig);
    expect((await rig.doc("task", ID)).jobs).toMatchObject([
      { jobId: "job_2", how: "created", closedAt: null },
      { jobId: "job_1", how: "surplus", closedAt: rig.now() },
    ]);
    expect(await rig.facts()).toContain("task.surplus_found");
    expect(rig.provider.cancelled).toEqual([]);
    const looked = rig.provider.downloaded.length;
    await pass(rig, 2);
    expect((await rig.doc("task", ID)).jobs).toHaveLength(2);
    expect(rig.provider.downloaded).toHaveLength(looked);
  });

  it("has nothing to do with a job of others that ends in its time", async () => {
    const rig = await givenUpRig();
    rig.provider.jobs = [bareJob("job_1")];
    endJob(rig, "job_1", foreignLines());
    await pass(rig);
    expect(rig.provider.downloaded).toEqual(["results_job_1"]);
    expect((await rig.doc("task", ID)).jobs).toEqual([]);
  });

  it("is forgotten after two days", async () => {
    const rig = await givenUpRig();
    rig.move(SUSPECT.to + DAYS_MS - rig.now() - 1_201);
    await pass(rig);
    expect(await suspectsOf(rig)).toEqual([SUSPECT]);
    await pass(rig);
    expect(await suspectsOf(rig)).toEqual([]);
  });

  it("is remembered also where it is given up in the middle of a pass", async () => {
    const rig = await hiddenRig();
    const other = { ...SUSPECT, taskId: OTHER };
    await rig.store.signal("sweep", [ACCOUNT], { type: "suspect", suspect: other });
    rig.provider.before = async (operation) => {
      if (operation === "list")
        await rig.store.signal("sweep", [ACCOUNT], { type: "suspect", suspect: SUSPECT });
    };
    await pass(rig);
    expect(await suspectsOf(rig)).toEqual([other, SUSPECT]);
  });
});

describe("an operator's word on a lost create", () => {
  it("that no job came of it gives it up at once, whatever fits", async () => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = [bareJob("job_2"), bareJob("job_1")];
    await pass(rig);
    expect(await candidatesOf(rig)).toHaveLength(2);
    await operator(rig, { says: "not_created" });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "planned",
      intent: null,
      attempt: 1,
      jobs: [],
      verdictsOfOperators: [{ says: "not_created", by: "ann" }],
    });
    expect(await suspectsOf(rig)).toEqual([SUSPECT]);
  });

  it("that no job came of it removes the input file first, and waits where that fails", async () => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", "unknown"));
    await operator(rig, { says: "not_created" });
    rig.provider.broken.set("remove", trouble("unavailable"));
    await rig.turn("watchTask");
    expect((await rig.doc("task", ID)).state).toBe("unknown");
    rig.provider.broken.clear();
    rig.move(1_000);
    await rig.turn("watchTask");
    expect(rig.provider.removed).toEqual(["file_a"]);
    expect((await rig.doc("task", ID)).state).toBe("planned");
  });

  it("that no job came of an earlier attempt says nothing of this one", async () => {
    const rig = await hiddenRig("a");
    await operator(rig, { attempt: 0 });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", waitsFor: "sweep" });
  });

  it("that a job is ours adopts it at once", async () => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = [bareJob("job_2"), bareJob("job_1")];
    await pass(rig);
    await operator(rig, { says: "attached", jobId: "job_2" });
    await rig.turn("watchTask");
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      jobs: [{ jobId: "job_2", how: "adopted" }],
      holds: `${ACCOUNT}/job_2`,
    });
    await pass(rig);
    expect((await rig.doc("sweep", ACCOUNT)).candidates).toEqual({});
  });
});

/** A rig whose store has forgotten what it knew. */
async function restoredRig(): Promise<Rig> {
  const rig = await hiddenRig();
  const epoch = { waitsFor: () => "sweep" as const, check: async () => {}, run: async () => {} };
  Object.assign(rig.deps, { epoch });
  return rig;
}

describe("a restored store at a provider that shows no tags", () => {
  it("creates nothing while jobs may be those of tasks it has forgotten, and counts the others for nothing", async () => {
    const rig = await restoredRig();
    await rig.store.insertOnce("task", aTask("b", "planned", FAR));
    rig.provider.jobs = [
      ...["at work", "forgotten", "known", "foreign", "empty"].map((name) => bareJob(name)),
      bareJob("old", { createdAt: START - DAYS_MS - 1 }),
    ];
    endJob(rig, "forgotten", linesOf(tag("nobody")));
    endJob(rig, "known", linesOf(OTHER));
    endJob(rig, "foreign", foreignLines());
    endJob(rig, "empty", []);
    await pass(rig);
    // Nothing that is to be done here travelled in the one whose task is not known: it has no manifest.
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({
      orphans: ["forgotten"],
      forgotten: ["at work", "empty"],
    });
    expect((await rig.doc("task", OTHER)).jobs).toMatchObject([{ jobId: "known", how: "adopted" }]);
  });

  it("has none left once they have ended as another's", async () => {
    const rig = await restoredRig();
    rig.provider.jobs = [bareJob("job_1")];
    await pass(rig);
    expect((await rig.doc("sweep", ACCOUNT)).forgotten).toEqual(["job_1"]);
    endJob(rig, "job_1", foreignLines());
    await pass(rig);
    expect((await rig.doc("sweep", ACCOUNT)).forgotten).toEqual([]);
  });

  it("is the only one that has any: otherwise a job without a tag is nobody's of ours", async () => {
    const rig = await hiddenRig("a");
    rig.provider.jobs = [bareJob("job_1"), bareJob("job_2")];
    await pass(rig, 2);
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ orphans: [], forgotten: [] });
  });
});
