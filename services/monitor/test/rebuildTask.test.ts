import { taskFolder } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { ACCOUNT, aJob, aRequest, aSlice, aTask, overJob, START, tag } from "./documents.ts";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

const LOST = tag("lost");
const REQUEST = "rqaaaa";
const FAR = { dueAt: START + 86_400_000 };

/** A store that was restored, with a request that is open and one of its slices, and a job it has forgotten. */
async function restoredRig({ slices = [0] }: { readonly slices?: readonly number[] } = {}): Promise<Rig> {
  const rig = await openRig();
  const epoch = { waitsFor: () => "sweep" as const, check: async () => {}, run: async () => {} };
  Object.assign(rig.deps, { epoch });
  await rig.store.insertOnce("request", aRequest(REQUEST, FAR));
  await rig.store.insertSlices(slices.map((part) => aSlice(REQUEST, part)));
  rig.provider.jobs = [aJob("job_1", { tag: LOST })];
  return rig;
}

/** Writes a manifest of one line a slice, as the packer did before the job was created. */
async function writeManifest(rig: Rig, slices: readonly string[], request: string | null = REQUEST) {
  const rows = slices.map((slice, line) => `${JSON.stringify({ line, slice, ordinal: 0 })}\n`).join("");
  async function* bytes() {
    yield Buffer.from(rows);
  }
  return rig.deps.artifacts.put(`${taskFolder({ id: LOST, request })}/manifest.jsonl`, bytes());
}

async function pass(rig: Rig): Promise<void> {
  rig.move(60_000);
  await rig.turn("sweepAccount");
}

const SLICE = aSlice(REQUEST, 0).id;

describe("a restored store that meets a job it has forgotten", () => {
  it("makes its task anew from the manifest, as running, with its slices placed in it", async () => {
    const rig = await restoredRig();
    const { existed: _existed, ...manifest } = await writeManifest(rig, [SLICE]);
    await pass(rig);
    expect(await rig.doc("task", LOST)).toMatchObject({
      state: "running",
      jobs: [{ jobId: "job_1", how: "adopted" }],
      holds: `${ACCOUNT}/job_1`,
      manifest,
      lines: 1,
      request: REQUEST,
      attempt: 1,
      submittedAt: START,
    });
    expect(await rig.store.loadSlices([SLICE])).toMatchObject([{ state: "placed", taskId: LOST }]);
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ orphans: [], forgotten: [] });
    await pass(rig);
    expect(await rig.facts()).toEqual(["task.adopted"]);
  });

  it("goes on where a pass died after it had placed the slices", async () => {
    const rig = await restoredRig();
    await writeManifest(rig, [SLICE]);
    await rig.store.moveSlices({
      which: { ids: [SLICE] },
      from: ["pending"],
      to: "placed",
      set: { taskId: LOST },
    });
    await pass(rig);
    expect(await rig.doc("task", LOST)).toMatchObject({ state: "running", sliceCount: 1 });
  });

  it("does not time out a job that has ended", async () => {
    const rig = await restoredRig();
    await writeManifest(rig, [SLICE]);
    rig.provider.jobs = [overJob("job_1", { tag: LOST })];
    await pass(rig);
    expect(await rig.doc("task", LOST)).toMatchObject({ timeoutAt: null, end: null });
  });

  it("waits for slices that are not there yet, and creates nothing meanwhile", async () => {
    const rig = await restoredRig();
    const child = `${SLICE.slice(0, -3)}001`;
    await writeManifest(rig, [SLICE, child]);
    await pass(rig);
    expect(await rig.store.load("task", LOST)).toBeUndefined();
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ orphans: ["job_1"], forgotten: ["job_1"] });
    await rig.store.insertSlices([{ ...aSlice(REQUEST, 0), id: child }]);
    await pass(rig);
    expect(await rig.doc("task", LOST)).toMatchObject({ state: "running", lines: 2, sliceCount: 2 });
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ forgotten: [] });
  });

  it("takes its slices out of a task that was planned otherwise and never sent", async () => {
    const rig = await restoredRig();
    await writeManifest(rig, [SLICE]);
    await rig.store.insertOnce("task", aTask("other", "planned", { ...FAR, request: REQUEST }));
    await rig.store.moveSlices({
      which: { ids: [SLICE] },
      from: ["pending"],
      to: "placed",
      set: { taskId: tag("other") },
    });
    await pass(rig);
    expect((await rig.doc("task", tag("other"))).state).toBe("void");
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ forgotten: ["job_1"] });
    // What a void task's turn does.
    await rig.store.moveSlices({ which: { taskId: tag("other") }, from: ["placed"], to: "pending" });
    await pass(rig);
    expect(await rig.doc("task", LOST)).toMatchObject({ state: "running" });
  });

  it("waits for nothing where nothing of what it has to do travelled in it", async () => {
    const rig = await restoredRig();
    await writeManifest(rig, [aSlice("rqlost", 0).id], null);
    await pass(rig);
    expect(await rig.store.load("task", LOST)).toBeUndefined();
    expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ orphans: ["job_1"], forgotten: [] });
  });

  it("keeps the lines of requests it does not know as nobody's", async () => {
    const rig = await restoredRig();
    await writeManifest(rig, [SLICE, aSlice("rqlost", 0).id], null);
    await pass(rig);
    expect(await rig.doc("task", LOST)).toMatchObject({
      state: "running",
      lines: 2,
      sliceCount: 1,
      request: null,
    });
  });
});

it("a store that was not restored leaves a job without a task to the operator", async () => {
  const rig = await restoredRig();
  await writeManifest(rig, [SLICE]);
  Object.assign(rig.deps, { epoch: undefined });
  await pass(rig);
  expect(await rig.store.load("task", LOST)).toBeUndefined();
  expect(await rig.doc("sweep", ACCOUNT)).toMatchObject({ orphans: ["job_1"], forgotten: [] });
});
