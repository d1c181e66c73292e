import { describe, expect, it } from "vitest";
import { aJob, aTask, START, tag } from "./documents.ts";
import { openRig, trouble } from "./rig.ts";
import type { Rig } from "./rig.ts";

const ID = tag("a");

async function rigWithUnknown(): Promise<Rig> {
  const rig = await openRig();
  await rig.store.insertOnce("task", aTask("a", "unknown"));
  return rig;
}

/** One complete sweep, or one that fails, and what the monitor makes of it. */
async function sweep(rig: Rig, ms = 1_200): Promise<void> {
  rig.move(ms);
  await rig.turn("sweepAccount");
  await rig.turn("watchTask");
}

describe("a create whose answer is unknown", () => {
  it("is given up only after clean sweeps, a quiet period, a revoked file and two more sweeps", async () => {
    const rig = await rigWithUnknown();
    const steps: string[] = [];
    for (let passes = 0; passes < 9; passes += 1) {
      await sweep(rig);
      const { state, waitsFor, intent } = await rig.doc("task", ID);
      steps.push(`${state} ${waitsFor} ${intent?.revokedSeq ?? "-"} ${rig.provider.removed.length}`);
    }
    expect(steps).toEqual([
      "unknown sweep - 0",
      "unknown sweep - 0",
      "unknown quiet - 0",
      "unknown quiet - 0",
      "unknown quiet 5 1",
      "unknown quiet 5 1",
      "planned null - 1",
      "planned null - 1",
      "planned null - 1",
    ]);
    expect(rig.provider.removed).toEqual(["file_a"]);
    expect(await rig.doc("task", ID)).toMatchObject({ file: null, intent: null, attempt: 1, owner: null });
  });

  it("is not given up by time alone", async () => {
    const rig = await rigWithUnknown();
    rig.provider.broken.set("list", trouble("unavailable"));
    for (let passes = 0; passes < 5; passes += 1) await sweep(rig, 60_000);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", waitsFor: "sweep" });
    expect(rig.provider.removed).toEqual([]);
  });

  it("is not given up by sweeps alone", async () => {
    const rig = await rigWithUnknown();
    for (let passes = 0; passes < 4; passes += 1) await sweep(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "unknown",
      waitsFor: "quiet",
      intent: { revokedAt: null },
    });
  });

  it("waits on while its file cannot be revoked", async () => {
    const rig = await rigWithUnknown();
    rig.provider.broken.set("remove", trouble("unavailable"));
    for (let passes = 0; passes < 7; passes += 1) await sweep(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "unknown", intent: { revokedAt: null } });
    rig.provider.broken.clear();
    await sweep(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ intent: { revokedSeq: 8 } });
  });

  it.each([0, 3, 6])("is adopted when its job is listed after %i sweeps", async (passes) => {
    const rig = await rigWithUnknown();
    for (let done = 0; done < passes; done += 1) await sweep(rig);
    rig.provider.jobs = [aJob("batch_7", { tag: ID })];
    await sweep(rig);
    expect(await rig.doc("task", ID)).toMatchObject({
      state: "running",
      holds: "openai:simulated/batch_7",
      jobs: [{ jobId: "batch_7", how: "adopted" }],
      waitsFor: null,
    });
    expect(await rig.facts()).toEqual(["task.adopted"]);
    expect(await rig.turn("watchTask")).toBe(1);
  });

  it("is adopted also where its job is seen while the file is revoked", async () => {
    const rig = await rigWithUnknown();
    for (let passes = 0; passes < 4; passes += 1) await sweep(rig);
    rig.provider.before = async (operation) => {
      if (operation === "remove")
        await rig.store.signal("task", [ID], {
          type: "job",
          jobId: "batch_7",
          at: rig.now(),
          how: "adopted",
        });
    };
    await sweep(rig);
    expect(rig.provider.removed).toEqual(["file_a"]);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "running", jobs: [{ jobId: "batch_7" }] });
  });

  it("of a task that was ended is settled first", async () => {
    const rig = await rigWithUnknown();
    await rig.store.signal("task", [ID], { type: "end", at: START, why: "cancelled" });
    for (let passes = 0; passes < 7; passes += 1) await sweep(rig);
    expect(await rig.doc("task", ID)).toMatchObject({ state: "planned", end: { why: "cancelled" } });
  });
});
