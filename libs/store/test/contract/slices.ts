import { describe, expect, it } from "vitest";
import { NO_COUNTS, NO_USAGE, sliceId, type Slice, type SliceSettlement } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { aSlice, idsOf, many, turnOf } from "../documents.ts";

const OPEN = ["pending", "placed"] as const;

function settlement(id: string, given: Partial<SliceSettlement> = {}): SliceSettlement {
  const counts = { ...NO_COUNTS, succeeded: 2, failed: 1, byReason: { refused: 1 } };
  const usage = { ...NO_USAGE, inputTokens: 5, outputTokens: 3 };
  return { id, counts, costMicros: 10, usage, cutBy: null, ...given };
}

export function describeSlices(rig: () => Rig): void {
  async function add(...slices: readonly Partial<Slice>[]): Promise<readonly Slice[]> {
    const added = slices.map((given, at) => aSlice({ id: sliceId(given.request ?? "rq1", at, 0), ...given }));
    await rig().store.insertSlices(added);
    return added;
  }

  describe("slices", () => {
    it("are given back as they were inserted, and inserted once", async () => {
      const { store } = rig();
      const [whole, rest] = await add(
        {
          deadlineAt: 9,
          estimateMicros: null,
          counts: NO_COUNTS,
          usage: NO_USAGE,
          costMicros: 1,
          state: "settled",
        },
        {
          members: { ordinals: [3, 5] },
          endedBy: "deadline",
          cutBy: "timeout",
          taskId: "t",
          state: "ending",
        },
      );
      if (!whole || !rest) throw new Error("not inserted");
      await store.insertSlices([{ ...whole, state: "pending" }, aSlice({ id: "new" })]);
      expect(await store.loadSlices([whole.id, "none", rest.id])).toEqual([whole, rest]);
      expect(await store.loadSlices(["new"])).toHaveLength(1);
    });

    it("are listed by request, by openness and by task, in the order of their ids, page by page", async () => {
      const { store } = rig();
      const slices = await add(
        { taskId: "t", state: "placed" },
        { state: "settled", taskId: "t" },
        {},
        { request: "rq2" },
      );
      const ids = idsOf(slices);
      const ofRequest = { request: "rq1" };
      expect(idsOf(await store.slicesOf(ofRequest, { limit: 2 }))).toEqual([ids[0], ids[1]]);
      expect(idsOf(await store.slicesOf(ofRequest, { limit: 2, after: ids[1] }))).toEqual([ids[2]]);
      expect(idsOf(await store.slicesOf({ ...ofRequest, open: true }, { limit: 9 }))).toEqual([
        ids[0],
        ids[2],
      ]);
      expect(idsOf(await store.slicesOf({ ...ofRequest, open: false }, { limit: 9 }))).toEqual([ids[1]]);
      expect(idsOf(await store.slicesOf({ taskId: "t" }, { limit: 1, after: ids[0] }))).toEqual([ids[1]]);
    });
  });

  describe("moving slices", () => {
    it("moves those in the state they are moved from, and names them", async () => {
      const { store } = rig();
      const [a, b, c] = idsOf(await add({}, { state: "placed", taskId: "other" }, {}));
      const ids = many(3_000, (at) => `none-${at}`);
      const moved = await store.moveSlices({
        which: { ids: [a ?? "", b ?? "", ...ids] },
        from: ["pending"],
        to: "placed",
        set: { taskId: "t" },
      });
      expect(moved).toEqual([a]);
      expect(await store.loadSlices([a ?? "", b ?? "", c ?? ""])).toMatchObject([
        { state: "placed", taskId: "t" },
        { state: "placed", taskId: "other" },
        { state: "pending", taskId: null },
      ]);
    });

    it("places each slice in one of the tasks that want it", async () => {
      const { store, second } = rig();
      const stores = [store, await second()];
      const ids = idsOf(await add(...many(30, () => ({}))));
      const moves = await Promise.all(
        many(6, (at) =>
          turnOf(stores, at).moveSlices({
            which: { ids },
            from: ["pending"],
            to: "placed",
            set: { taskId: `t${at}` },
          }),
        ),
      );
      expect(moves.flat().toSorted()).toEqual(ids);
      for (const [at, moved] of moves.entries()) {
        const carried = await store.slicesOf({ taskId: `t${at}` }, { limit: 100 });
        expect(idsOf(carried)).toEqual(moved?.toSorted());
      }
    });

    it("moves all of a task, and of named ones only those in the task", async () => {
      const { store } = rig();
      const [a, b, c] = idsOf(
        await add(
          { state: "placed", taskId: "t" },
          { state: "placed", taskId: "t" },
          { state: "placed", taskId: "u" },
        ),
      );
      const named = { which: { ids: [a ?? "", c ?? ""] }, ofTask: "t", from: OPEN, to: "pending" } as const;
      expect(
        await store.moveSlices({ ...named, set: { taskId: null, notBefore: 7, poolKey: "solo" } }),
      ).toEqual([a]);
      expect(await store.loadSlices([a ?? ""])).toMatchObject([
        { taskId: null, notBefore: 7, poolKey: "solo" },
      ]);
      const whole = { which: { taskId: "t" }, from: ["placed"], to: "harvesting" } as const;
      expect(await store.moveSlices(whole)).toEqual([b]);
      expect(await store.moveSlices(whole)).toEqual([]);
    });

    it("lets the lock win over a later detach, and a detach over a later lock", async () => {
      const { store } = rig();
      const [locked, detached] = idsOf(
        await add({ state: "placed", taskId: "t" }, { state: "placed", taskId: "t" }),
      );
      const detach = { from: OPEN, to: "ending", set: { endedBy: "cancelled" } } as const;
      const lock = { which: { taskId: "t" }, from: ["placed"], to: "harvesting" } as const;
      expect(await store.moveSlices({ ...detach, which: { ids: [detached ?? ""] } })).toEqual([detached]);
      expect(await store.moveSlices(lock)).toEqual([locked]);
      expect(await store.moveSlices({ ...detach, which: { ids: [locked ?? ""] } })).toEqual([]);
      expect(await store.loadSlices([locked ?? "", detached ?? ""])).toMatchObject([
        { state: "harvesting", endedBy: null },
        { state: "ending", endedBy: "cancelled" },
      ]);
    });

    it("gives every slice to exactly one of a lock and a detach at once", async () => {
      const { store, second } = rig();
      const other = await second();
      const ids = idsOf(await add(...many(20, () => ({ state: "placed" as const, taskId: "t" }))));
      const moves = await Promise.all([
        ...ids.map((id) => other.moveSlices({ which: { ids: [id] }, from: OPEN, to: "ending" })),
        store.moveSlices({ which: { taskId: "t" }, from: ["placed"], to: "harvesting" }),
      ]);
      expect(moves.flat().toSorted()).toEqual(ids);
    });
  });

  describe("settling slices", () => {
    it("is repeatable, and writes the sums of those that were harvested or ended", async () => {
      const { store } = rig();
      const [a, b, c] = idsOf(
        await add({ state: "harvesting", taskId: "t" }, { state: "ending" }, { state: "placed" }),
      );
      const rows = [a, b, c].map((id) => settlement(id ?? "", { cutBy: id === b ? "deadline" : null }));
      await store.settleSlices(rows);
      await store.settleSlices(rows.map((row) => ({ ...row, costMicros: 999 })));
      const { counts, usage } = settlement("");
      expect(await store.loadSlices([a ?? "", b ?? "", c ?? ""])).toMatchObject([
        { state: "settled", taskId: "t", counts, usage, costMicros: 10, cutBy: null },
        { state: "settled", costMicros: 10, cutBy: "deadline" },
        { state: "placed", counts: null, costMicros: null },
      ]);
    });

    it("prices those that are settled anew, where they cost what they did, and leaves the rest of them", async () => {
      const { store } = rig();
      const [a = "", b = "", open = ""] = idsOf(
        await add({ state: "harvesting" }, { state: "harvesting" }, { state: "harvesting" }),
      );
      await store.settleSlices([settlement(a, { costMicros: null }), settlement(b)]);
      const rows = [
        { id: a, fromMicros: null, costMicros: 7 },
        { id: b, fromMicros: null, costMicros: 8 },
        { id: open, fromMicros: null, costMicros: 9 },
      ];
      await store.repriceSlices(rows);
      await store.repriceSlices(rows.map((row) => ({ ...row, costMicros: 99 })));
      const { counts, usage } = settlement("");
      expect(await store.loadSlices([a, b, open])).toMatchObject([
        { state: "settled", costMicros: 7, counts, usage },
        { state: "settled", costMicros: 10 },
        { state: "harvesting", costMicros: null },
      ]);
      await store.repriceSlices([{ id: b, fromMicros: 10, costMicros: null }]);
      expect((await store.sumSlices("rq1")).costMicros).toBeNull();
    });

    it("adds up a request's settled slices", async () => {
      const { store } = rig();
      const [a, b] = idsOf(
        await add({ state: "harvesting" }, { state: "harvesting" }, {}, { request: "rq2" }),
      );
      const nothing = { counts: NO_COUNTS, costMicros: 0, usage: NO_USAGE, cutByUs: false };
      expect(await store.sumSlices("rq1")).toEqual(nothing);
      await store.settleSlices([settlement(a ?? "")]);
      expect(await store.sumSlices("rq1")).toMatchObject({ costMicros: 10, cutByUs: false });
      await store.settleSlices([settlement(b ?? "", { costMicros: null, cutBy: "timeout" })]);
      expect(await store.sumSlices("rq1")).toEqual({
        counts: { ...NO_COUNTS, succeeded: 4, failed: 2, byReason: { refused: 2 } },
        costMicros: null,
        usage: { ...NO_USAGE, inputTokens: 10, outputTokens: 6 },
        cutByUs: true,
      });
    });

    it("add up with those settled before writing to a cache was counted", async () => {
      const { store } = rig();
      const [old = "", written = "", longWritten = ""] = idsOf(
        await add({ state: "harvesting" }, { state: "harvesting" }, { state: "harvesting" }),
      );
      const { usage } = settlement("");
      const kept = { ...usage, cacheWriteTokens: 4, longCacheWriteTokens: 3 };
      await store.settleSlices([
        settlement(old),
        settlement(written, { usage: { ...usage, cacheWriteTokens: 2 } }),
        settlement(longWritten, { usage: kept }),
      ]);
      expect((await store.sumSlices("rq1")).usage).toEqual({
        ...NO_USAGE,
        inputTokens: 15,
        outputTokens: 9,
        cacheWriteTokens: 6,
        longCacheWriteTokens: 3,
      });
      const slices = await store.loadSlices([old, longWritten]);
      expect(slices.map((slice) => slice.usage)).toEqual([usage, kept]);
    });
  });

  describe("open slices", () => {
    it.each(["pending", "placed", "harvesting", "ending"] as const)("count one that is %s", async (state) => {
      await add({ state });
      expect(await rig().store.hasOpenSlice("rq1")).toBe(true);
      expect(await rig().store.hasOpenSlice("rq2")).toBe(false);
    });

    it("are none when all are settled, and one again with a child", async () => {
      const { store } = rig();
      await add({ state: "settled" }, { state: "settled" });
      expect(await store.hasOpenSlice("rq1")).toBe(false);
      await store.insertSlices([aSlice({ id: sliceId("rq1", 1, 1) })]);
      expect(await store.hasOpenSlice("rq1")).toBe(true);
    });

    it("are never unseen while a chain of children grows", async () => {
      const { store, second } = rig();
      const other = await second();
      await add({ state: "harvesting" });
      const seen: boolean[] = [];
      async function grow(): Promise<void> {
        for (let generation = 1; generation <= 12; generation += 1) {
          const child = aSlice({ id: sliceId("rq1", 0, generation), state: "harvesting" });
          await store.insertSlices([child]);
          await store.settleSlices([settlement(sliceId("rq1", 0, generation - 1))]);
        }
      }
      async function look(): Promise<void> {
        for (let looks = 0; looks < 30; looks += 1) seen.push(await other.hasOpenSlice("rq1"));
      }
      await Promise.all([grow(), look()]);
      expect(seen).not.toContain(false);
    });
  });

  describe("the backlog", () => {
    it("is the lines of the open slices of each source that was named", async () => {
      const { store } = rig();
      await add(
        { lines: 3 },
        { lines: 4, state: "placed" },
        { lines: 5, state: "settled" },
        { lines: 6, source: "zoo", state: "ending" },
        { lines: 7, source: "park" },
      );
      expect(await store.backlog(["shop", "zoo", "nobody"])).toEqual({ shop: 7, zoo: 6, nobody: 0 });
      expect(await store.backlog([])).toEqual({});
    });

    it("follows the moves of the slices", async () => {
      const { store } = rig();
      const [id = ""] = idsOf(await add({ state: "harvesting" }));
      expect(await store.backlog(["shop"])).toEqual({ shop: 10 });
      await store.settleSlices([settlement(id)]);
      expect(await store.backlog(["shop"])).toEqual({ shop: 0 });
    });
  });

  describe("what waits to be packed", () => {
    it("is added up by pool and source", async () => {
      const { store } = rig();
      const notBefore = (await store.now()) + 60_000;
      await add(
        { acceptedAt: 50, priority: 2 },
        { acceptedAt: 40, lines: 5, bytes: 6, tokens: 7, notBefore },
        { source: "zoo" },
        { poolKey: "pool-2" },
        { state: "placed" },
        { account: "other" },
      );
      const one = { slices: 1, lines: 10, bytes: 1000, tokens: 100, nextAt: null };
      const lines = (await store.pools(aSlice().account)).toSorted((a, b) =>
        `${a.poolKey} ${a.source}` < `${b.poolKey} ${b.source}` ? -1 : 1,
      );
      const sums = {
        slices: 2,
        lines: 15,
        bytes: 1006,
        tokens: 107,
        topPriority: 2,
        oldestAt: 40,
        nextAt: notBefore,
      };
      expect(lines).toMatchObject([
        { poolKey: "pool", source: "shop", ...sums },
        { poolKey: "pool", source: "zoo", ...one },
        { poolKey: "pool-2", source: "shop", ...one },
      ]);
    });

    it("comes higher priority first, then older, then by system prompt and id", async () => {
      const { store } = rig();
      const ids = idsOf(
        await add(
          { acceptedAt: 20, systemKey: "b" },
          { acceptedAt: 20, systemKey: "a" },
          { acceptedAt: 20, systemKey: "a" },
          { acceptedAt: 10 },
          { priority: 5, acceptedAt: 90 },
          { priority: 9, source: "zoo" },
          { priority: 9, poolKey: "pool-2" },
          { priority: 9, state: "placed" },
        ),
      );
      const order = [4, 3, 1, 2, 0].map((at) => ids[at]);
      expect(idsOf(await store.pendingSlices("pool", "shop", 100))).toEqual(order);
      expect(idsOf(await store.pendingSlices("pool", "shop", 2))).toEqual(order.slice(0, 2));
    });

    it("leaves out what may not travel yet", async () => {
      const { store, later } = rig();
      const [id] = idsOf(await add({ notBefore: (await store.now()) + 300 }));
      expect(await store.pendingSlices("pool", "shop", 9)).toEqual([]);
      await later(400);
      expect(idsOf(await store.pendingSlices("pool", "shop", 9))).toEqual([id]);
      expect(await store.pools(aSlice().account)).toMatchObject([{ nextAt: null }]);
    });
  });
}
