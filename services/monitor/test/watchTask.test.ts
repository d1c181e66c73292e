import { LeaseLost } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { watchTask } from "../src/watchTask.ts";
import { aJob, aTask, overJob, START, tag } from "./documents.ts";
import { openRig, trouble } from "./rig.ts";
import type { Rig } from "./rig.ts";

const ID = tag("a");

async function rigWithJob(durations = {}): Promise<Rig> {
  const rig = await openRig(durations);
  await rig.store.insertOnce("task", aTask("a", "running"));
  rig.provider.jobs = [aJob("batch_a", { tag: ID })];
  return rig;
}

const look = async (rig: Rig, ms = 0): Promise<number> => {
  rig.move(ms);
  return rig.turn("watchTask");
};

describe("a running job", () => {
  it("is looked at, written down where it changed, and looked at again later", async () => {
    const rig = await rigWithJob();
    await look(rig);
    const first = await rig.doc("task", ID);
    expect(first).toMatchObject({ state: "running", owner: null, dueAt: START + 500 });
    rig.provider.jobs = [aJob("batch_a", { counts: { total: 10, completed: 4, failed: 1 } })];
    expect(await look(rig, 499)).toBe(0);
    expect(await look(rig, 1)).toBe(1);
    const second = await rig.doc("task", ID);
    expect(second.view?.counts).toEqual({ total: 10, completed: 4, failed: 1 });
    await look(rig, 500);
    expect((await rig.doc("task", ID)).version).toBe(second.version);
    expect(await rig.facts()).toEqual([]);
  });

  it("that is over and shows all its lines goes to the harvester at once", async () => {
    const rig = await rigWithJob();
    rig.provider.jobs = [overJob("batch_a")];
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "harvesting", dueAt: START, owner: null });
    expect(await rig.facts()).toEqual(["task.ended_at_provider"]);
  });

  it("that is over without its files is given the settle window, and no longer", async () => {
    const rig = await rigWithJob();
    rig.provider.jobs = [overJob("batch_a", { files: {} })];
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      waitsFor: "settle",
      view: { terminalAt: START },
    });
    for (let waited = 500; waited < 2_000; waited += 500) {
      await look(rig, 500);
      expect((await rig.doc("task", ID)).state).toBe("running");
    }
    await look(rig, 500);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "harvesting", view: { terminalAt: START } });
  });

  it("of a status nobody knows is not over", async () => {
    const rig = await rigWithJob();
    rig.provider.jobs = [overJob("batch_a", { status: "other", rawStatus: "paused" })];
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      view: { rawStatus: "paused", terminalAt: null },
    });
  });

  it("that cannot be reached is tried again, no sooner than the provider asks for", async () => {
    const rig = await rigWithJob();
    rig.provider.broken.set("get", trouble("limit", 7_000));
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "running", dueAt: START + 7_000, strikes: 0 });
    rig.provider.broken.set("get", trouble("unavailable"));
    await look(rig, 7_000);
    expect((await rig.doc("task", ID)).dueAt).toBe(START + 8_000);
    expect(rig.told).toEqual(["poll failed", "poll failed"]);
  });
});

describe("a job that is not found", () => {
  it("is lost only when it was missing for the whole window", async () => {
    const rig = await rigWithJob({ quietMs: 1_500, settleMs: 500 });
    rig.provider.jobs = [];
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "running", view: { missingSince: START } });
    await look(rig, 500);
    await look(rig, 500);
    expect((await rig.doc("task", ID)).state).toBe("running");
    await look(rig, 500);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "harvesting", noFetch: "job_lost" });
    expect(new Set(rig.told)).toEqual(new Set(["job not found under its account"]));
  });

  it("and found again begins its window anew", async () => {
    const rig = await rigWithJob({ quietMs: 1_000, settleMs: 500 });
    const jobs = rig.provider.jobs;
    rig.provider.jobs = [];
    await look(rig);
    rig.provider.jobs = jobs;
    await look(rig, 500);
    expect(await rig.doc("task", ID)).toMatchObject({ waitsFor: null, view: { missingSince: null } });
    rig.provider.jobs = [];
    await look(rig, 600);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      view: { missingSince: START + 1_100 },
    });
  });
});

describe("a job that is to end", () => {
  it("is cancelled at once where the task's end is set, and asked again only after a while", async () => {
    const rig = await rigWithJob();
    await rig.store.signal("task", [ID], { type: "end", at: START, why: "cancelled" });
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "running", cancelAskedAt: START });
    for (let polls = 0; polls < 19; polls += 1) await look(rig, 500);
    expect(rig.provider.cancelled).toEqual(["batch_a"]);
    await look(rig, 500);
    expect(rig.provider.cancelled).toEqual(["batch_a", "batch_a"]);
    expect((await rig.doc("task", ID)).cancelAskedAt).toBe(START + 10_000);
  });

  it("is cancelled by our own time-out, which is then its end", async () => {
    const rig = await rigWithJob();
    await look(rig, 599_999);
    expect((await rig.doc("task", ID)).dueAt).toBe(START + 600_000);
    await look(rig, 1);
    expect(await rig.doc("task", ID)).toMatchObject({ end: { at: START + 600_000, why: "timeout" } });
    expect(rig.provider.cancelled).toEqual(["batch_a"]);
  });

  it("is asked again soon where the cancellation was not taken", async () => {
    const rig = await rigWithJob();
    await rig.store.signal("task", [ID], { type: "end", at: START, why: "deadline" });
    rig.provider.broken.set("cancel", trouble("unavailable"));
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ cancelAskedAt: null, strikes: 0 });
    rig.provider.broken.clear();
    await look(rig, 1_000);
    expect(rig.provider.cancelled).toEqual(["batch_a"]);
  });

  it("and is over already is harvested, and not cancelled", async () => {
    const rig = await rigWithJob();
    await rig.store.signal("task", [ID], { type: "end", at: START, why: "cancelled" });
    rig.provider.jobs = [overJob("batch_a")];
    await look(rig);
    expect((await rig.doc("task", ID)).state).toBe("harvesting");
    expect(rig.provider.cancelled).toEqual([]);
  });
});

describe("a monitor that has lost its claim", () => {
  it("writes nothing under the claim of the next one, and leaves its lease alone", async () => {
    const rig = await rigWithJob();
    const filter = { duty: "monitor", owner: "monitor-1", leaseMs: 5_000, limit: 1 } as const;
    const [held] = await rig.store.claimDue("task", filter);
    rig.provider.before = async () => {
      rig.provider.before = async () => {};
      rig.move(5_001);
      await rig.store.claimDue("task", { ...filter, owner: "monitor-2" });
    };
    const step = watchTask(rig.deps)(held!, { signal: new AbortController().signal });
    await expect(step).rejects.toThrow(LeaseLost);
    expect(await rig.doc("task", ID)).toMatchObject({ owner: "monitor-2", leaseUntil: START + 10_001 });
  });
});

/** A line of a result file whose answer took so many tokens. */
const answerLine = (tokens: number): string =>
  JSON.stringify({
    custom_id: `${ID}.0`,
    response: {
      status_code: 200,
      body: {
        model: "gpt-4o-mini",
        choices: [{ finish_reason: "stop", message: { content: "yes" } }],
        usage: { prompt_tokens: tokens, completion_tokens: 0 },
      },
    },
    error: null,
  });

const surplus = async (rig: Rig): Promise<number> =>
  rig.store.signal("task", [ID], { type: "job", jobId: "batch_b", at: START, how: "adopted" });

describe("a surplus job", () => {
  it("is told, cancelled until it is over, and closed with its cost, while the task goes on", async () => {
    const rig = await rigWithJob();
    await surplus(rig);
    rig.provider.jobs.unshift(aJob("batch_b", { tag: ID }));
    await look(rig);
    expect((await rig.doc("task", ID)).jobs[1]).toMatchObject({
      how: "surplus",
      cancelAskedAt: START,
      closedAt: null,
    });
    expect([rig.provider.cancelled, await rig.facts()]).toEqual([["batch_b"], ["task.surplus_found"]]);
    await look(rig, 500);
    expect(rig.provider.cancelled).toEqual(["batch_b", "batch_b"]);
    const usage = { inputTokens: 1_000_000, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
    rig.provider.jobs[0] = overJob("batch_b", { status: "cancelled", usage });
    await look(rig, 500);
    const task = await rig.doc("task", ID);
    expect(task.jobs[1]).toMatchObject({ closedAt: START + 1_000, costMicros: 75_000 });
    expect(task.state).toBe("running");
    expect(await rig.facts()).toEqual(["task.surplus_found"]);
  });

  it.each([
    ["nothing where it finished no line", aJob("batch_b", { status: "cancelled" }), 0],
    ["nothing where it never began", aJob("batch_b", { status: "failed", counts: null }), 0],
    ["an unknown sum where its lines are counted and in no file", overJob("batch_b", { files: {} }), null],
    ["an unknown sum where it is gone", null, null],
  ] as const)("costs %s", async (_name, job, costMicros) => {
    const rig = await rigWithJob();
    await surplus(rig);
    if (job) rig.provider.jobs.push(job);
    await look(rig);
    expect((await rig.doc("task", ID)).jobs[1]).toMatchObject({ closedAt: START, costMicros });
  });

  it("whose provider tells no usage costs what the lines of its results say", async () => {
    const rig = await rigWithJob();
    await surplus(rig);
    rig.provider.jobs.push(overJob("batch_b", { counts: { total: 10, completed: 2, failed: 0 } }));
    rig.provider.files.set("file_2", [answerLine(400_000), answerLine(600_000)]);
    rig.provider.torn.add("file_2");
    await look(rig);
    expect((await rig.doc("task", ID)).jobs[1]).toMatchObject({ closedAt: null });
    rig.provider.torn.clear();
    await look(rig, 500);
    expect((await rig.doc("task", ID)).jobs[1]).toMatchObject({ closedAt: START + 500, costMicros: 75_000 });
  });

  it("whose results are not found is looked at for as long as an absence must last, then closed", async () => {
    const rig = await rigWithJob();
    await surplus(rig);
    rig.provider.jobs.push(overJob("batch_b"));
    rig.provider.broken.set("download", trouble("not_found"));
    await look(rig);
    await look(rig, 4_999);
    expect((await rig.doc("task", ID)).jobs[1]).toMatchObject({ closedAt: null });
    await look(rig, 500);
    expect((await rig.doc("task", ID)).jobs[1]).toMatchObject({ closedAt: START + 5_499, costMicros: null });
    expect(rig.told).toContain("what a surplus job has cost is told nowhere");
  });

  it("that cannot be reached stays open, and keeps nobody from the task's own job", async () => {
    const rig = await rigWithJob();
    await surplus(rig);
    rig.provider.jobs = [overJob("batch_a")];
    let asked = 0;
    rig.provider.before = async () => {
      asked += 1;
      if (asked === 1) throw trouble("unavailable");
    };
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "harvesting", jobs: [{}, { closedAt: null }] });
    expect(rig.told).toContain("surplus job not reached");
  });

  it.each(["void", "ended"] as const)("of a task that is %s is closed, too", async (state) => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", state));
    await surplus(rig);
    rig.provider.jobs = [aJob("batch_b", { tag: ID })];
    await look(rig);
    expect(rig.provider.cancelled).toEqual(["batch_b"]);
    expect((await rig.doc("task", ID)).dueAt).toBe(START + 500);
    rig.provider.jobs = [];
    await look(rig, 500);
    expect(await rig.doc("task", ID)).toMatchObject({ state, dueAt: state === "void" ? START + 500 : null });
  });

  it("that is closed while a replay is asked for leaves the task due for it", async () => {
    const rig = await openRig();
    await rig.store.insertOnce("task", aTask("a", "ended"));
    await surplus(rig);
    rig.provider.before = async () => {
      await rig.store.signal("task", [ID], { type: "again", n: 1 });
    };
    await look(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ again: { n: 1 }, dueAt: START });
  });
});

it("a task of an account that is not configured here is left alone", async () => {
  const rig = await openRig();
  await rig.store.insertOnce(
    "task",
    aTask("a", "running", { account: "openai:other", holds: "openai:other/x" }),
  );
  expect(await look(rig)).toBe(0);
});
