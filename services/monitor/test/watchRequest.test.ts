import type { Slice, TaskDoc } from "@granary/domain";
import { newHead } from "@granary/domain";
import { describe, expect, it } from "vitest";
import { ACCOUNT, aRequest, aSlice, aTask, START, tag } from "./documents.ts";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

const ID = "rqaaaa";
const TASK = tag("a");
const END = { at: START, why: "cancelled" } as const;

/** A request with these slices and tasks; it is being cancelled unless told otherwise. */
async function rigWith(slices: readonly Slice[], tasks: readonly TaskDoc[] = [], request = {}): Promise<Rig> {
  const rig = await openRig();
  await rig.store.insertOnce("request", aRequest(ID, { end: END, ...request }));
  await rig.store.insertSlices(slices);
  for (const task of tasks) await rig.store.insertOnce("task", task);
  return rig;
}

const watch = async (rig: Rig, ms = 0): Promise<number> => {
  rig.move(ms);
  return rig.turn("watchRequest");
};
const stateOf = async (rig: Rig, slice: Slice): Promise<Slice | undefined> =>
  (await rig.store.loadSlices([slice.id]))[0];
const inTask = (part: number, request = ID): Slice =>
  aSlice(request, part, { state: "placed", taskId: TASK });

describe("a running request", () => {
  it("with open slices is left alone until its deadline or for a while", async () => {
    const rig = await rigWith([aSlice(ID, 0)], [], { end: null });
    await watch(rig);
    expect(await rig.doc("request", ID)).toMatchObject({ state: "running", dueAt: START + 600_000 });
    const other = await rigWith([aSlice(ID, 0)], [], { end: null, deadlineAt: START + 5_000 });
    await watch(other);
    expect((await other.doc("request", ID)).dueAt).toBe(START + 5_000);
  });

  it("without any open slice closes", async () => {
    const rig = await rigWith([aSlice(ID, 0, { state: "settled" })], [], { end: null });
    await watch(rig);
    expect(await rig.doc("request", ID)).toMatchObject({ state: "closing", dueAt: START, owner: null });
  });

  it("that is woken while it is looked at stays due", async () => {
    const rig = await rigWith([aSlice(ID, 0)], [], { end: null });
    const look = rig.store.hasOpenSlice.bind(rig.store);
    rig.store.hasOpenSlice = async (request) => {
      const open = await look(request);
      await rig.store.signal("request", [ID], { type: "wake" });
      return open;
    };
    await watch(rig, 10);
    expect((await rig.doc("request", ID)).dueAt).toBe(START + 10);
  });

  it("wakes the packer where the turn before may have died just after it took slices back", async () => {
    const rig = await rigWith([aSlice(ID, 0)], [], { end: null });
    const account = { ...newHead({ id: ACCOUNT, by: "n", dueAt: START + 60_000 }), state: "open" } as const;
    await rig.store.insertOnce("account", { ...account, account: ACCOUNT, pauses: {}, learned: {} });
    await rig.store.claimDue("request", { duty: "monitor", owner: "dead", leaseMs: 1_000, limit: 1 });
    await watch(rig, 2_000);
    expect((await rig.doc("account", ACCOUNT)).dueAt).toBe(START + 2_000);
    await watch(rig, 600_000);
    expect((await rig.doc("account", ACCOUNT)).version).toBe(2);
  });

  it.each(["void", "ended"] as const)("takes back what is placed in a task that is %s", async (state) => {
    const rig = await rigWith([inTask(0)], [aTask("a", state)], { end: null });
    await rig.store.insertOnce("account", {
      ...(await rig.doc("sweep", "openai:simulated")),
      pauses: {},
      learned: {},
      dueAt: START + 9_000,
    });
    await watch(rig);
    expect(await stateOf(rig, inTask(0))).toMatchObject({ state: "pending", taskId: null });
    expect((await rig.doc("account", "openai:simulated")).dueAt).toBe(START);
  });
});

describe("a deadline", () => {
  it("ends what has not travelled as expired, at the moment it has passed and not before", async () => {
    const rig = await rigWith([aSlice(ID, 0)], [], { end: null, deadlineAt: START + 5_000 });
    await watch(rig, 4_999);
    expect((await rig.doc("request", ID)).end).toBeNull();
    await watch(rig, 1);
    expect(await rig.doc("request", ID)).toMatchObject({
      state: "closing",
      end: { at: START + 5_000, why: "deadline" },
    });
    expect(await stateOf(rig, aSlice(ID, 0))).toMatchObject({
      state: "settled",
      endedBy: "deadline",
      cutBy: "deadline",
      counts: { expired: 2 },
      costMicros: 0,
    });
    expect(await rig.store.outcomes(ID, { limit: 9 })).toMatchObject([
      { ordinal: 0, status: "expired", taskId: null, attempt: 0 },
      { ordinal: 1, status: "expired" },
    ]);
  });

  it("that comes after a cancellation changes nothing", async () => {
    const rig = await rigWith([aSlice(ID, 0)], [], { deadlineAt: START - 1 });
    await watch(rig);
    expect(await rig.doc("request", ID)).toMatchObject({ end: END });
    expect(await stateOf(rig, aSlice(ID, 0))).toMatchObject({ endedBy: "cancelled", cutBy: null });
  });
});

describe("the end of a request", () => {
  it("takes out what waits, and ends it", async () => {
    const rig = await rigWith([aSlice(ID, 0), aSlice(ID, 1, { members: { ordinals: [3, 7] } })]);
    await watch(rig);
    expect((await rig.doc("request", ID)).state).toBe("closing");
    const outcomes = await rig.store.outcomes(ID, { limit: 9 });
    expect(outcomes.map(({ ordinal, status }) => [ordinal, status])).toEqual(
      [0, 1, 3, 7].map((at) => [at, "cancelled"]),
    );
  });

  it("leaves what is just being packed, and meets it at the next look", async () => {
    const rig = await rigWith([inTask(0)], [aTask("a", "packing")]);
    await watch(rig);
    expect(await stateOf(rig, inTask(0))).toMatchObject({ state: "placed" });
    expect(await rig.doc("request", ID)).toMatchObject({ state: "running", dueAt: START + 1_000 });
    expect((await rig.doc("task", TASK)).end).toBeNull();
  });

  it.each(["planned", "submitting", "unknown", "running"] as const)(
    "is the end of a task of its own that is %s, which then harvests what there is",
    async (state) => {
      const rig = await rigWith(
        [inTask(0)],
        [aTask("a", state, { request: ID, requests: 1, dueAt: START + 9_000 })],
      );
      await watch(rig);
      expect(await stateOf(rig, inTask(0))).toMatchObject({ state: "placed" });
      expect(await rig.doc("task", TASK)).toMatchObject({ state, end: END, dueAt: START });
      const { version } = await rig.doc("task", TASK);
      await watch(rig, 1_000);
      expect((await rig.doc("task", TASK)).version).toBe(version);
    },
  );

  it.each(["planned", "submitting", "unknown", "running"] as const)(
    "takes its lines out of a shared task that is %s, and leaves the others in",
    async (state) => {
      const others = inTask(0, "rqbbbb");
      const rig = await rigWith([inTask(0), others], [aTask("a", state)]);
      await watch(rig);
      expect(await stateOf(rig, inTask(0))).toMatchObject({
        state: "settled",
        endedBy: "cancelled",
        taskId: TASK,
      });
      expect(await stateOf(rig, others)).toMatchObject({ state: "placed" });
      expect((await rig.doc("task", TASK)).end).toBeNull();
      expect(await rig.store.outcomes(ID, { limit: 1 })).toMatchObject([
        { status: "cancelled", taskId: TASK, costMicros: 0 },
      ]);
    },
  );

  it("ends a shared task that nobody is left in", async () => {
    const rig = await rigWith(
      [inTask(0), { ...inTask(0, "rqbbbb"), state: "settled" }],
      [aTask("a", "running")],
    );
    await watch(rig);
    expect((await rig.doc("task", TASK)).end).toEqual(END);
    expect((await rig.doc("request", ID)).state).toBe("closing");
  });

  it("takes back what is placed in a void task first, and ends it at the next look", async () => {
    const rig = await rigWith([inTask(0)], [aTask("a", "void")]);
    await watch(rig);
    expect(await stateOf(rig, inTask(0))).toMatchObject({ state: "pending", taskId: null });
    await watch(rig, 1_000);
    expect(await stateOf(rig, inTask(0))).toMatchObject({ state: "settled", endedBy: "cancelled" });
  });

  it("comes too late for what a harvester has locked", async () => {
    const locked = { ...inTask(0), state: "harvesting" } as const;
    const rig = await rigWith([locked], [aTask("a", "harvesting")]);
    await watch(rig);
    expect(await stateOf(rig, locked)).toEqual(locked);
    expect(await rig.store.outcomes(ID, { limit: 1 })).toEqual([]);
    expect((await rig.doc("task", TASK)).end).toBeNull();
  });

  it("goes on with what a dead process had taken out", async () => {
    const ending = aSlice(ID, 0, { state: "ending", endedBy: "deadline" });
    const rig = await rigWith([ending]);
    await watch(rig);
    expect(await stateOf(rig, ending)).toMatchObject({ state: "settled", counts: { expired: 2 } });
  });

  it("meets children that are born meanwhile", async () => {
    const locked = { ...inTask(0), state: "harvesting" } as const;
    const rig = await rigWith([locked], [aTask("a", "harvesting")]);
    await watch(rig);
    const child = aSlice(ID, 0, { id: `${ID}.000000.001`, attempts: 1 });
    await rig.store.insertSlices([child]);
    const usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
    const counts = { succeeded: 0, failed: 0, expired: 0, cancelled: 0, byReason: {} };
    await rig.store.settleSlices([{ id: locked.id, counts, costMicros: 0, usage, cutBy: null }]);
    await watch(rig, 1_000);
    expect(await stateOf(rig, child)).toMatchObject({ state: "settled", endedBy: "cancelled" });
    expect(await rig.store.outcomes(ID, { limit: 1 })).toMatchObject([{ attempt: 1, status: "cancelled" }]);
    expect((await rig.doc("request", ID)).state).toBe("closing");
  });

  it("carries through more slices than one page has", async () => {
    const slices = Array.from({ length: 501 }, (_, part) => aSlice(ID, part));
    const rig = await rigWith(slices);
    await watch(rig);
    expect(await rig.store.countOutcomes(ID)).toMatchObject({ cancelled: 1_002 });
  });
});
