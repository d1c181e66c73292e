import { describe, expect, it } from "vitest";
import {
  bySource,
  idsOf,
  LIMITS,
  linesOf,
  LINGER_MS,
  NOW,
  plan,
  poolLineOf,
  slice,
} from "../test/poolViews.ts";
import { URGENT_LINGERS } from "./packing.ts";
import type { PoolLine } from "./store.ts";

describe("planTasks: waiting for company", () => {
  it("plans nothing and looks at no time where nothing waits", () => {
    expect(plan([])).toEqual({ tasks: [], nextAt: null, impossible: [] });
  });

  it("lets a small slice linger", () => {
    expect(plan([slice({ acceptedAt: NOW - 60 })])).toMatchObject({ tasks: [], nextAt: NOW + 40 });
  });

  it("sends what there is once the oldest has lingered", () => {
    const old = slice({ acceptedAt: NOW - LINGER_MS });
    const young = slice({ acceptedAt: NOW });
    const { tasks, nextAt } = plan([old, young]);
    expect(tasks.map(idsOf)).toEqual([[old.id, young.id]]);
    expect(nextAt).toBeNull();
  });

  it("counts a retry's wait from when it may travel", () => {
    const retry = slice({ acceptedAt: 0, notBefore: NOW - 30 });
    expect(plan([retry])).toMatchObject({ tasks: [], nextAt: NOW + 70 });
  });

  it("leaves alone what may not travel yet, and looks again when it may", () => {
    const later = slice({ acceptedAt: 0, notBefore: NOW + 5 });
    expect(plan([later])).toEqual({ tasks: [], nextAt: NOW + 5, impossible: [] });
    const line = poolLineOf("crm", [later], { nextAt: NOW + 7 });
    expect(plan([], { poolLines: [line] })).toMatchObject({ tasks: [], nextAt: NOW + 7 });
  });

  it("does not linger when a deadline is near, and looks again when one comes near", () => {
    const near = NOW + URGENT_LINGERS * LINGER_MS;
    expect(plan([slice({ deadlineAt: near })]).tasks).toHaveLength(1);
    expect(plan([slice({ deadlineAt: near + 10 })])).toMatchObject({ tasks: [], nextAt: NOW + 10 });
    expect(plan([slice({ acceptedAt: NOW, deadlineAt: near * 2 })])).toMatchObject({
      nextAt: NOW + LINGER_MS,
    });
  });

  it("sends a task that is exactly full at once", () => {
    expect(plan([slice({ lines: 60 }), slice({ lines: 40 })]).tasks.map(linesOf)).toEqual([100]);
  });

  it("sends a task at once when something that waits did not fit in it", () => {
    const { tasks, nextAt } = plan([slice({ lines: 60 }), slice({ lines: 60 })]);
    expect(tasks.map(linesOf)).toEqual([60]);
    expect(nextAt).toBe(NOW - 1 + LINGER_MS);
  });

  it("judges by all that waits, not only by what it was shown", () => {
    const shown = slice({ lines: 10 });
    const pending = bySource([shown]);
    const enough = poolLineOf("crm", [shown, slice({ lines: 90 })]);
    expect(plan([], { pending, poolLines: [enough] })).toMatchObject({ tasks: [[shown]], nextAt: NOW });
    const tooFew = poolLineOf("crm", [shown, slice({ lines: 89 })]);
    expect(plan([], { pending, poolLines: [tooFew] })).toMatchObject({ tasks: [], nextAt: NOW + 99 });
    // Here the rest may be what must wait: the view is believed.
    const unclear = { ...enough, nextAt: NOW + 50 };
    expect(plan([], { pending, poolLines: [unclear] })).toMatchObject({ tasks: [], nextAt: NOW + 50 });
  });

  it.each(["lines", "bytes", "tokens"] as const)(
    "finds enough %s to fill a task in what it was not shown",
    (of) => {
      const shown = slice({ lines: 1, bytes: 1, tokens: 1 });
      const linesWith = (amount: number): readonly PoolLine[] => [
        poolLineOf("crm", [shown, slice({ lines: 1, bytes: 1, tokens: 1, [of]: amount })]),
      ];
      const pending = bySource([shown]);
      expect(plan([], { pending, poolLines: linesWith(LIMITS[of] - 1) }).tasks).toEqual([[shown]]);
      expect(plan([], { pending, poolLines: linesWith(LIMITS[of] - 2) }).tasks).toEqual([]);
    },
  );

  it("judges a source it was shown nothing of by what waits there", () => {
    const line = poolLineOf("erp", [slice({ source: "erp", lines: 95 })]);
    const shown = slice({ lines: 10 });
    expect(plan([shown], { poolLines: [poolLineOf("crm", [shown]), line] }).tasks).toHaveLength(1);
  });

  it("is not misled by totals that are older than the slices", () => {
    const shown = [1, 2].map(() => slice({ lines: 40, bytes: 4_000, tokens: 4_000 }));
    const stale = poolLineOf("crm", shown, { slices: 3, lines: 25, bytes: 2_500, tokens: 2_500 });
    expect(plan(shown, { poolLines: [stale] }).tasks).toEqual([]);
  });
});

describe("planTasks: order", () => {
  it("takes higher priority first, then older", () => {
    const low = slice({ lines: 50, priority: 0, acceptedAt: 1 });
    const old = slice({ lines: 50, priority: 5, acceptedAt: 2 });
    const young = slice({ lines: 50, priority: 5, acceptedAt: 3 });
    expect(plan([low, young, old]).tasks.map(idsOf)).toEqual([[old.id, young.id], [low.id]]);
  });

  it("takes the higher priority of one source before the lower of another", () => {
    const high = [1, 2].map(() => slice({ source: "a", lines: 50, priority: 1, acceptedAt: 9 }));
    const low = slice({ source: "b", lines: 50, acceptedAt: 1 });
    expect(plan([low, ...high]).tasks.map(idsOf)).toEqual([idsOf(high), [low.id]]);
  });

  it("shares each priority anew: what a source had at a higher one does not count", () => {
    const high = slice({ source: "a", lines: 40, priority: 1 });
    const low = ["a", "b"].map((source, index) => slice({ source, lines: 30, acceptedAt: index + 1 }));
    const later = slice({ source: "b", lines: 30, acceptedAt: 3 });
    expect(plan([high, ...low, later]).tasks.map(idsOf)).toEqual([idsOf([high, ...low]), [later.id]]);
  });

  it("lets slices with one system prompt lie together, without choosing others", () => {
    const keys = ["a", "b", "a", "c", "b"];
    const slices = keys.map((systemKey, index) => slice({ systemKey, lines: 20, acceptedAt: index + 1 }));
    const [task = []] = plan(slices).tasks;
    expect(task.map(({ systemKey }) => systemKey)).toEqual(["a", "a", "b", "b", "c"]);
    expect(task.map(({ acceptedAt }) => acceptedAt)).toEqual([1, 3, 2, 5, 4]);
  });

  it("fills what is left of a task with smaller slices of others", () => {
    const first = slice({ source: "a", lines: 70, acceptedAt: 1 });
    const large = slice({ source: "b", lines: 40, acceptedAt: 2 });
    const small = slice({ source: "c", lines: 30, acceptedAt: 3 });
    expect(plan([first, large, small]).tasks.map(idsOf)).toEqual([[first.id, small.id], [large.id]]);
  });

  it("begins a tie with the source whose name comes first", () => {
    const slices = ["b", "a"].map((source) => slice({ source, lines: 50, acceptedAt: 1 }));
    expect(plan(slices).tasks.map((task) => task.map(({ source }) => source))).toEqual([["a", "b"]]);
  });
});

describe("planTasks: bounds", () => {
  it.each([
    ["lines", { lines: LIMITS.lines + 1 }],
    ["bytes", { bytes: LIMITS.bytes + 1 }],
    ["tokens", { tokens: LIMITS.tokens + 1 }],
  ])("names a slice with too many %s, and lets the others travel", (_limit, size) => {
    const large = slice({ ...size, acceptedAt: 1 });
    const other = slice({ acceptedAt: 2 });
    expect(plan([large, other])).toEqual({ tasks: [[other]], nextAt: null, impossible: [large] });
  });

  it("plans no more tasks than were asked for, and looks again at once", () => {
    const slices = [1, 2, 3].map(() => slice({ lines: 100 }));
    expect(plan(slices, { maxTasks: 2 })).toMatchObject({ tasks: { length: 2 }, nextAt: NOW });
    expect(plan(slices, { maxTasks: 0 })).toMatchObject({ tasks: [], nextAt: NOW });
  });

  it("plans a hundred thousand small slices of a thousand sources without a pause that is felt", () => {
    const slices = Array.from({ length: 100_000 }, (_, index) =>
      slice({ source: `source-${index % 1_000}`, lines: 1, bytes: 1, tokens: 1, acceptedAt: index }),
    );
    const began = performance.now();
    const { tasks } = plan(slices, { limits: { lines: 50_000, bytes: 1e9, tokens: 1e9 } });
    expect(tasks.map(linesOf)).toEqual([50_000, 50_000]);
    // Measured: about 100 ms. A look at all sources for each slice takes seconds.
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
