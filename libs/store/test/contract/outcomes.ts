import { describe, expect, it } from "vitest";
import { NO_COUNTS, outcomeId, type Outcome } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { anOutcome, many, turnOf } from "../documents.ts";

function ordinalsOf(page: readonly Outcome[]): readonly number[] {
  return page.map(({ ordinal }) => ordinal);
}

export function describeOutcomes(rig: () => Rig): void {
  describe("outcomes", () => {
    it("are given back as they were written", async () => {
      const { store } = rig();
      const rows: readonly Outcome[] = [
        anOutcome({ output: { deep: [1, null, "ü"] }, finish: "stop" }),
        anOutcome({
          ordinal: 1,
          status: "failed",
          reason: "refused",
          error: { code: "refusal", message: "no" },
          costMicros: null,
          taskId: null,
          ref: { path: "p", offset: 5, length: 6 },
        }),
      ];
      expect(await store.putOutcomes(rows)).toEqual({ inserted: 2, different: [] });
      expect(await store.outcomes("rq1", { limit: 9 })).toEqual(rows);
    });

    it("may be written again, and the same says nothing new", async () => {
      const { store } = rig();
      const rows = many(3, (ordinal) => anOutcome({ ordinal }));
      await store.putOutcomes(rows.slice(0, 2));
      expect(await store.putOutcomes(rows)).toEqual({ inserted: 1, different: [] });
    });

    it("name the rows that contradict what is there, and leave that as it is", async () => {
      const { store } = rig();
      const row = anOutcome();
      const other = anOutcome({ output: "Bye" });
      await store.putOutcomes([row]);
      const fresh = anOutcome({ ordinal: 1 });
      expect(await store.putOutcomes([other, fresh])).toEqual({
        inserted: 1,
        different: [outcomeId("rq1", 0)],
      });
      expect(await store.outcomes("rq1", { limit: 9 })).toEqual([row, fresh]);
    });

    it("are replaced by a higher revision, never by a lower one", async () => {
      const { store } = rig();
      const replayed = anOutcome({ revision: 2, output: "Better" });
      await store.putOutcomes([anOutcome()]);
      expect(await store.putOutcomes([replayed])).toEqual({ inserted: 0, different: [] });
      expect(await store.putOutcomes([anOutcome({ revision: 1, output: "Late" })])).toEqual({
        inserted: 0,
        different: [],
      });
      expect(await store.outcomes("rq1", { limit: 9 })).toEqual([replayed]);
      const contradiction = anOutcome({ revision: 2, output: "Other" });
      expect((await store.putOutcomes([contradiction])).different).toEqual([outcomeId("rq1", 0)]);
    });

    it("change their counts when a revision replaces them", async () => {
      const { store } = rig();
      await store.putOutcomes([anOutcome({ status: "failed", reason: "unparseable" })]);
      await store.putOutcomes([anOutcome({ revision: 1 })]);
      expect(await store.countOutcomes("rq1")).toEqual({ ...NO_COUNTS, succeeded: 1 });
    });

    it("come in ordinal order, page by page and by status", async () => {
      const { store } = rig();
      const failed = { status: "failed", reason: "missing" } as const;
      const rows = many(12, (ordinal) => anOutcome({ ordinal, ...(ordinal % 3 ? {} : failed) }));
      await store.putOutcomes(rows.toReversed());
      await store.putOutcomes([anOutcome({ request: "rq2" })]);
      expect(ordinalsOf(await store.outcomes("rq1", { limit: 5 }))).toEqual([0, 1, 2, 3, 4]);
      expect(ordinalsOf(await store.outcomes("rq1", { limit: 5, after: 9 }))).toEqual([10, 11]);
      expect(ordinalsOf(await store.outcomes("rq1", { limit: 2, after: 0, status: "failed" }))).toEqual([
        3, 6,
      ]);
    });

    it("are counted by status and reason", async () => {
      const { store } = rig();
      await store.putOutcomes([
        anOutcome(),
        anOutcome({ ordinal: 1, status: "failed", reason: "refused" }),
        anOutcome({ ordinal: 2, status: "failed", reason: "missing" }),
        anOutcome({ ordinal: 3, status: "failed", reason: "missing" }),
        anOutcome({ ordinal: 4, status: "expired" }),
        anOutcome({ ordinal: 5, status: "cancelled" }),
      ]);
      const byReason = { refused: 1, missing: 2 };
      expect(await store.countOutcomes("rq1")).toEqual({
        succeeded: 1,
        failed: 3,
        expired: 1,
        cancelled: 1,
        byReason,
      });
      expect(await store.countOutcomes("rq2")).toEqual(NO_COUNTS);
    });

    it("of one item are one row, however many write", async () => {
      const { store, second } = rig();
      const stores = [store, await second()];
      const rows = many(50, (ordinal) => anOutcome({ ordinal }));
      const answers = await Promise.all(many(6, (at) => turnOf(stores, at).putOutcomes(rows)));
      expect(answers.reduce((sum, answer) => sum + answer.inserted, 0)).toBe(50);
      expect(answers.flatMap((answer) => answer.different)).toEqual([]);
    });
  });
}
