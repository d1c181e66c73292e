/** V1 and V2: every item has one outcome, and it is the one that was judged. */
import type { Outcome } from "@granary/domain";
import { modeOf, NO_COUNTS, NO_USAGE } from "@granary/domain";
import { expect, test } from "vitest";
import { A, A0, A1, AGAIN, B, B0, C, CHILD, finishedWorld, resultRows, SHARED } from "./finishedWorld.ts";
import { NOW } from "./documents.ts";
import { found, of } from "./found.ts";
import { jsonl } from "./judgedTask.ts";
import type { World } from "./world.ts";

async function outcomeAt({ store }: World, request: string, ordinal: number): Promise<Outcome> {
  const [outcome] = await store.outcomes(request, { after: ordinal - 1, limit: 1 });
  if (!outcome) throw new Error("no outcome");
  return outcome;
}

/** Only a higher revision replaces an outcome. */
async function forgeOutcome(world: World, request: string, ordinal: number, with_: Partial<Outcome>) {
  const outcome = await outcomeAt(world, request, ordinal);
  await world.store.putOutcomes([{ ...outcome, revision: outcome.revision + 1, ...with_ }]);
}

test("V1 names an item without an outcome, and the slice that carried it last", async () => {
  await using world = await finishedWorld({ withoutOutcomes: [`${A}:1`] });
  const report = await world.check();
  expect(of("V1", report)[0]).toMatchObject({ id: `${A}:00000001`, request: A, ordinal: 1, slice: A0 });
  expect(of("V1", report).map(({ id }) => id)).toContain(A);
  expect(of("V2", report)).toMatchObject([
    { id: `${A}:00000001`, task: SHARED, message: expect.stringMatching(/no outcome/) as string },
  ]);
});

test("V1 names an outcome of no item", async () => {
  await using world = await finishedWorld();
  await world.store.putOutcomes([{ ...(await outcomeAt(world, B, 1)), ordinal: 2 }]);
  expect(of("V1", await world.check())).toMatchObject([{ id: `${B}:00000002`, request: B, ordinal: 2 }]);
});

test("V1 names an end that is not on the list", async () => {
  await using world = await finishedWorld();
  await forgeOutcome(world, C, 1, { reason: "bored" as never });
  await forgeOutcome(world, A, 0, { reason: "missing" });
  const report = await world.check();
  expect(found(report)).toEqual(expect.arrayContaining([`V1 ${C}:00000001`, `V1 ${A}:00000000`]));
});

test("V1 names a request whose counts are not those of its outcomes", async () => {
  await using world = await finishedWorld();
  await world.forge("request", C, ({ counts }) => ({ counts: { ...(counts ?? NO_COUNTS), succeeded: 2 } }));
  expect(found(await world.check())).toEqual([`V1 ${C}`]);
});

test("V1 names a request that ended in another way than its items", async () => {
  await using world = await finishedWorld();
  await world.forge("request", B, () => ({ result: "failed" as const }));
  await world.forge("request", C, () => ({ result: "succeeded" as const }));
  expect(found(await world.check())).toEqual([`V1 ${B}`, `V1 ${C}`]);
});

test("V1 names items that no slice carries, and cuts with a gap", async () => {
  await using world = await finishedWorld({ withoutSlices: [A1] });
  const report = await world.check();
  expect(found(report)).toEqual(expect.arrayContaining([`V1 ${A1}`, `V2 ${A}:00000003`, `V2 ${A}:00000004`]));
  await world.forge("request", A, ({ cuts }) => ({ cuts: cuts.slice(0, 1) }));
  expect(of("V1", await world.check())).toContainEqual(
    expect.objectContaining({ id: A, message: expect.stringContaining("3 of 5") as string }),
  );
});

test("V1 names a slice that is open although its request has ended", async () => {
  await using world = await finishedWorld();
  await world.store.moveSlices({ which: { ids: [B0] }, from: ["settled"], to: "ending" });
  expect(found(await world.check())).toEqual([`V1 ${B0}`]);
});

test("V1 names a request that is closing while its outcomes do not add up", async () => {
  await using world = await finishedWorld({ withoutOutcomes: [`${C}:0`] });
  await world.forge("request", C, () => ({ state: "closing" }), NOW);
  expect(found(await world.check())).toEqual([`V1 ${C}`, `V1 ${C}:00000000`, `V2 ${C}:00000000`]);
});

test("V2 names an outcome that is not its verdict", async () => {
  await using world = await finishedWorld();
  await forgeOutcome(world, A, 2, { revision: 2 });
  const report = await world.check();
  expect(of("V2", report)).toMatchObject([
    {
      id: `${A}:00000002`,
      request: A,
      ordinal: 2,
      task: AGAIN,
      slice: CHILD,
      message: expect.stringMatching(/revision 2/) as string,
    },
  ]);
});

test("V2 names an outcome whose answer, cost or status is another than its row's", async () => {
  await using world = await finishedWorld();
  for (const [ordinal, with_] of [
    [0, { output: "a forgery" }],
    [1, { costMicros: 999 }],
    [4, { status: "cancelled" }],
  ] as const)
    await forgeOutcome(world, A, ordinal, with_);
  const ids = of("V2", await world.check()).map(({ id }) => id);
  expect(new Set(ids)).toEqual(new Set([`${A}:00000000`, `${A}:00000001`, `${A}:00000004`]));
});

test("V2 names the outcome of a replay that was applied and is not there", async () => {
  await using world = await finishedWorld({ withoutOutcomes: [`${A}:2`] });
  const [base] = world.again.rows;
  if (!base) throw new Error("no row");
  const {
    line: _line,
    slice: _slice,
    end: _end,
    ordinal,
    attempt,
    status,
    reason,
    error,
    usage,
    costMicros,
    rawRef,
  } = base;
  await world.store.putOutcomes([
    {
      request: A,
      ordinal,
      status,
      ...(reason ? { reason } : {}),
      ...(error ? { error } : {}),
      usage,
      costMicros,
      ...(rawRef ? { ref: rawRef } : {}),
      taskId: AGAIN,
      attempt,
      revision: 0,
    },
  ]);
  expect(of("V2", await world.check())).toContainEqual(
    expect.objectContaining({
      id: `${A}:00000002`,
      message: expect.stringContaining("its task applied 1") as string,
    }),
  );
});

test("V2 names an outcome of another task than its slice's", async () => {
  await using world = await finishedWorld();
  await forgeOutcome(world, A, 0, { taskId: AGAIN });
  const report = await world.check();
  expect(of("V2", report)).toContainEqual(
    expect.objectContaining({ id: `${A}:00000000`, slice: A0, task: AGAIN }),
  );
});

test("V2 names an outcome that is not what ended its slice", async () => {
  await using world = await finishedWorld();
  await forgeOutcome(world, B, 0, { status: "expired" });
  await forgeOutcome(world, B, 1, { costMicros: 3 });
  const ids = of("V2", await world.check()).map(({ id }) => id);
  expect(new Set(ids)).toEqual(new Set([`${B}:00000000`, `${B}:00000001`]));
});

test("V2 names results that are missing, wrong, too few or too many", async () => {
  await using world = await finishedWorld();
  const request = await world.store.load("request", C);
  if (!request) throw new Error("no request");
  const rows = await resultRows(world, request);
  const [first = {}, second = {}] = rows;
  const faultOf = async (inline: readonly unknown[] | null): Promise<readonly string[]> => {
    await world.forge("request", C, () => ({ results: inline && { inline } }));
    return found(await world.check());
  };
  expect(await faultOf(rows)).toEqual([]);
  expect(await faultOf(null)).toEqual([`V2 ${C}`]);
  expect(await faultOf([first])).toEqual([`V2 ${C}:00000001`]);
  expect(await faultOf([...rows, second])).toEqual([`V2 ${C}`]);
  expect(await faultOf([second, first])).toEqual([`V2 ${C}:00000000`, `V2 ${C}:00000001`]);
  expect(await faultOf([{ ...first, key: "another" }, second])).toEqual([`V2 ${C}:00000000`]);
  expect(await faultOf([{ ...first, output: { ok: false } }, second])).toEqual([`V2 ${C}:00000000`]);
  expect(await faultOf([first, { ...second, usage: NO_USAGE }])).toEqual([`V2 ${C}:00000001`]);
  const mode = modeOf(request.account);
  expect(await faultOf([{ ...first, mode }, second])).toEqual([]);
  const other = mode === "live" ? "simulated" : "live";
  expect(await faultOf([first, { ...second, mode: other }])).toEqual([`V2 ${C}:00000001`]);
});

test("V2 holds a long answer in a results file against the raw line it came in", async () => {
  await using world = await finishedWorld();
  const request = await world.store.load("request", A);
  if (!request) throw new Error("no request");
  const rows = await resultRows(world, request);
  const forged = rows.map((row) => (row["key"] === "three" ? { ...row, output: "short" } : row));
  const results = await world.put(`${A}/results-1.jsonl`, jsonl(forged));
  await world.forge("request", A, () => ({ results }));
  expect(found(await world.check())).toEqual([`V2 ${A}:00000003`]);
});
