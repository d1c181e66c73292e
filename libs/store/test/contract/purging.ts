import { describe, expect, it } from "vitest";
import type { Rig } from "../contract.ts";
import { anOutcome, aRequest, aSlice, idsOf, many } from "../documents.ts";

export function describePurging(rig: () => Rig): void {
  describe("removing", () => {
    it("takes a request's outcomes, the lowest ordinals first, so many at a time, and no other's", async () => {
      const { store } = rig();
      await store.putOutcomes([
        ...many(5, (ordinal) => anOutcome({ ordinal })),
        anOutcome({ request: "rq2", ordinal: 0 }),
      ]);
      expect(await store.removeOutcomes("rq1", 2)).toBe(2);
      expect((await store.outcomes("rq1", { limit: 9 })).map(({ ordinal }) => ordinal)).toEqual([2, 3, 4]);
      expect(await store.removeOutcomes("rq1", 9)).toBe(3);
      expect(await store.removeOutcomes("rq1", 9)).toBe(0);
      expect(await store.outcomes("rq2", { limit: 9 })).toHaveLength(1);
    });

    it("takes a request's settled slices, and none that is open", async () => {
      const { store } = rig();
      await store.insertSlices([
        aSlice({ id: "rq1.0.0", state: "settled" }),
        aSlice({ id: "rq1.1.0", state: "settled" }),
        aSlice({ id: "rq1.2.0", state: "placed", taskId: "t" }),
        aSlice({ id: "rq2.0.0", request: "rq2", state: "settled" }),
      ]);
      expect(await store.removeSlices("rq1", 1)).toBe(1);
      expect(await store.removeSlices("rq1", 9)).toBe(1);
      expect(await store.removeSlices("rq1", 9)).toBe(0);
      expect(idsOf(await store.slicesOf({ request: "rq1" }, { limit: 9 }))).toEqual(["rq1.2.0"]);
      expect(idsOf(await store.slicesOf({ request: "rq2" }, { limit: 9 }))).toEqual(["rq2.0.0"]);
    });
  });

  describe("looking for ended requests", () => {
    it("finds them by their end and source, the oldest first, page by page", async () => {
      const { store } = rig();
      const ends = [
        ["c", 10, "shop"],
        ["a", 20, "shop"],
        ["b", 20, "zoo"],
        ["d", 30, "shop"],
      ] as const;
      for (const [id, endedAt, source] of ends)
        await store.insertOnce("request", aRequest({ id, endedAt, source, state: "ended", dueAt: null }));
      await store.insertOnce("request", aRequest({ id: "e", state: "running" }));
      const ask = async (filter: { source?: string; endedBy: number }, at?: readonly [number, string]) =>
        idsOf(
          await store.endedRequests(filter, {
            limit: 2,
            after: at && { endedAt: at[0], id: at[1] },
          }),
        );
      expect(await ask({ endedBy: 99 })).toEqual(["c", "a"]);
      expect(await ask({ endedBy: 99 }, [20, "a"])).toEqual(["b", "d"]);
      expect(await ask({ endedBy: 99 }, [30, "d"])).toEqual([]);
      expect(await ask({ endedBy: 20, source: "shop" })).toEqual(["c", "a"]);
      expect(await ask({ endedBy: 20, source: "shop" }, [20, "a"])).toEqual([]);
    });
  });
}
