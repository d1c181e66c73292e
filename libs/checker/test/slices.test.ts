/** V3, V4 and V5: verdicts, chains of slices, and what is left in tasks. */
import type { Slice, VerdictRow } from "@granary/domain";
import { NO_COUNTS, NO_USAGE } from "@granary/domain";
import { expect, test } from "vitest";
import { sliceOf } from "./documents.ts";
import { A, A0, A1, AGAIN, B0, C0, C, CHILD, finishedWorld, SHARED, VOID } from "./finishedWorld.ts";
import type { FinishedWorld } from "./finishedWorld.ts";
import { NOW } from "./documents.ts";
import { found, of } from "./found.ts";
import { jsonl, verdictsOf } from "./judgedTask.ts";

/** Commits other rows, with the sums that belong to them. */
async function forgeVerdicts(world: FinishedWorld, rows: readonly VerdictRow[]): Promise<void> {
  const verdicts = world.shared.task.verdicts;
  if (!verdicts) throw new Error("no verdicts");
  const { aside, unusedMicros } = verdicts;
  const forged = await verdictsOf(world, verdicts.path, rows, { aside, unusedMicros });
  await world.forge("task", SHARED, () => ({ verdicts: forged }));
}

async function forgeSlice(world: FinishedWorld, id: string, sums: Partial<Slice>): Promise<void> {
  const [slice] = await world.store.loadSlices([id]);
  if (!slice) throw new Error("no slice");
  await world.store.moveSlices({ which: { ids: [id] }, from: ["settled"], to: "harvesting" });
  const { counts, costMicros, usage, cutBy } = { ...slice, ...sums };
  await world.store.settleSlices([
    { id, counts: counts ?? NO_COUNTS, costMicros, usage: usage ?? NO_USAGE, cutBy },
  ]);
}

test("V3 names the slice that lacks a row", async () => {
  await using world = await finishedWorld();
  await forgeVerdicts(
    world,
    world.shared.rows.filter(({ line }) => line !== 0),
  );
  expect(of("V3", await world.check())).toContainEqual(
    expect.objectContaining({ id: A0, task: SHARED, slice: A0, message: "has 2 rows for its 3 lines" }),
  );
});

test("V3 names a line that is judged twice, or as another item", async () => {
  await using world = await finishedWorld();
  const [first, ...others] = world.shared.rows;
  if (!first) throw new Error("no rows");
  await forgeVerdicts(world, [...world.shared.rows, first]);
  expect(of("V3", await world.check())).toContainEqual(
    expect.objectContaining({ id: `${SHARED}-${first.line}`, line: first.line, message: "is judged twice" }),
  );
  await forgeVerdicts(world, [{ ...first, ordinal: first.ordinal + 1 }, ...others]);
  expect(of("V3", await world.check())[0]).toMatchObject({
    id: `${SHARED}-${first.line}`,
    message: expect.stringMatching(/the line carries another/) as string,
  });
});

test("V3 names a slice that was both ended and judged", async () => {
  await using world = await finishedWorld();
  const [first] = world.shared.rows;
  if (!first) throw new Error("no rows");
  const paid: VerdictRow = { ...first, line: 5, slice: B0, ordinal: 0 };
  await forgeVerdicts(world, [...world.shared.rows, paid]);
  expect(of("V3", await world.check())).toContainEqual(
    expect.objectContaining({
      id: `${SHARED}-5`,
      slice: B0,
      message: "judges a slice that is ended by cancelled",
    }),
  );
});

test("V3 names an item that is final and travels again all the same", async () => {
  await using world = await finishedWorld({ withoutSlices: [CHILD] });
  const [child] = await world.store.loadSlices([A1]);
  if (!child) throw new Error("no slice");
  await world.store.insertSlices([
    sliceOf(
      A,
      0,
      1,
      { ordinals: [1, 2] },
      { state: "settled", taskId: AGAIN, counts: child.counts, costMicros: 0 },
    ),
  ]);
  expect(of("V3", await world.check())).toContainEqual(
    expect.objectContaining({
      id: CHILD,
      task: SHARED,
      message: `carries items that are final in ${A0}: 1`,
    }),
  );
});

test("V3 names an attempt that is not the slice's", async () => {
  await using world = await finishedWorld();
  const [first, ...others] = world.shared.rows;
  if (!first) throw new Error("no rows");
  await forgeVerdicts(world, [{ ...first, attempt: 2 }, ...others]);
  expect(of("V3", await world.check())[0]).toMatchObject({
    message: expect.stringMatching(/is attempt 2/) as string,
    line: first.line,
  });
});

test("V3 names sums of verdicts and slices that are not those of the rows", async () => {
  await using world = await finishedWorld();
  await world.forge("task", SHARED, ({ verdicts }) => ({ verdicts: verdicts && { ...verdicts, rows: 99 } }));
  await forgeSlice(world, C0, { counts: { ...NO_COUNTS, succeeded: 2 } });
  expect(found(await world.check())).toEqual([`V3 ${SHARED}`, `V3 ${C0}`]);
});

test("V3 names a manifest that does not fit the task or its slices", async () => {
  await using world = await finishedWorld();
  const { manifest } = world.shared.task;
  if (!manifest) throw new Error("no manifest");
  const rows = [A0, A0, A0, A1, A1, B0, B0, C0].map((slice, line) => ({
    line,
    slice,
    ordinal: [0, 1, 2, 3, 4, 0, 1, 0][line],
  }));
  const forged = await world.put(manifest.path, jsonl(rows));
  await world.forge("task", SHARED, () => ({ manifest: forged }));
  const report = await world.check();
  expect(of("V3", report)).toContainEqual(expect.objectContaining({ id: C0, task: SHARED, request: C }));
  expect(of("V3", report)).toContainEqual(
    expect.objectContaining({ id: SHARED, message: "its manifest has 8 rows for 9 lines" }),
  );
});

test("V3 names a replay that speaks of what did not end in its task", async () => {
  await using world = await finishedWorld();
  const row = world.shared.rows.find(({ end }) => end === "retry");
  const { verdicts } = world.shared.task;
  if (!row || !verdicts) throw new Error("no row");
  const file = await verdictsOf(world, verdicts.path.replace("-1", "-again-1"), [{ ...row, end: "final" }]);
  await world.forge("task", SHARED, () => ({ revisions: [{ ...file, revision: 1, appliedAt: 1 }] }));
  expect(of("V3", await world.check())).toContainEqual(
    expect.objectContaining({
      id: `${SHARED}-2`,
      ordinal: 2,
      message: expect.stringMatching("replay 1") as string,
    }),
  );
});

test("V4 names the child that is missing", async () => {
  await using world = await finishedWorld({ withoutSlices: [CHILD] });
  const report = await world.check();
  expect(of("V4", report)).toContainEqual(
    expect.objectContaining({
      id: CHILD,
      task: SHARED,
      request: A,
      message: expect.stringMatching("is missing") as string,
    }),
  );
  expect(of("V4", report)).toContainEqual(
    expect.objectContaining({ id: A0, message: "of 3 items 2 ended and 0 travel again" }),
  );
});

test("V4 names a child that carries other items, or other attempts", async () => {
  await using world = await finishedWorld({ withoutSlices: [CHILD] });
  await world.store.insertSlices([sliceOf(A, 0, 1, { ordinals: [4] }, { attempts: 5, taskId: AGAIN })]);
  const messages = of("V4", await world.check()).map(({ id, message }) => `${id} ${message}`);
  expect(messages).toContain(`${CHILD} carries item 4, which its parent did not`);
  expect(messages).toContain(`${CHILD} does not carry what was to travel again; left out: 2`);
  expect(messages).toContain(`${CHILD} has 5 attempts behind it, not 1`);
});

test("V4 names a slice without a parent, and one whose parent was ended", async () => {
  await using world = await finishedWorld();
  await world.store.insertSlices([
    sliceOf(C, 0, 3, { ordinals: [1] }),
    sliceOf(B0.slice(0, 26), 0, 1, { ordinals: [1] }),
  ]);
  const messages = of("V4", await world.check()).map(({ id, message }) => `${id} ${message}`);
  expect(messages).toContain(`${C}.000000.003 has no parent`);
  expect(messages).toContain(
    `${B0.replace(/000$/, "001")} travels although its parent was ended by cancelled`,
  );
});

test("V5 names slices that are left in a void or an ended task", async () => {
  await using world = await finishedWorld();
  await world.store.insertSlices([sliceOf(C, 1, 0, { from: 2, to: 3 }, { state: "placed", taskId: VOID })]);
  await world.store.moveSlices({ which: { ids: [C0] }, from: ["settled"], to: "placed" });
  expect(of("V5", await world.check())).toMatchObject([
    { id: C0, task: SHARED, slice: C0, request: C },
    { id: `${C}.000001.000`, task: VOID },
  ]);
});

test("V5 lets a void task give back what a late packer placed, while the system is at work", async () => {
  await using world = await finishedWorld();
  await world.store.insertSlices([sliceOf(C, 1, 0, { from: 2, to: 3 }, { state: "placed", taskId: VOID })]);
  await world.forge("request", C, () => ({ state: "running" }), NOW);
  expect(found(await world.check({ quiet: false }))).toEqual([]);
});
