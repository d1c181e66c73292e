import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Counts, Outcome, Usage } from "./outcome.ts";
import {
  addCosts,
  addCounts,
  addUsage,
  countOne,
  decideOutcome,
  FAILURE_REASONS,
  NO_COUNTS,
  NO_USAGE,
  OUTCOME_STATUSES,
  totalOf,
  usage,
  withCacheWrites,
} from "./outcome.ts";

function outcomeWith(with_: Partial<Outcome> = {}): Outcome {
  return {
    request: "rqa",
    ordinal: 3,
    status: "succeeded",
    usage: NO_USAGE,
    costMicros: 7,
    output: { answer: 42 },
    taskId: "grtest-a",
    attempt: 1,
    revision: 1,
    ...with_,
  };
}

describe("decideOutcome", () => {
  it("inserts the first", () => {
    expect(decideOutcome(undefined, outcomeWith())).toBe("insert");
  });

  it("knows the same one again", () => {
    expect(decideOutcome(outcomeWith(), outcomeWith({ output: { answer: 42 } }))).toBe("same");
  });

  it.each([
    ["status", { status: "expired" }],
    ["reason", { reason: "missing" }],
    ["task", { taskId: null }],
    ["attempt", { attempt: 2 }],
    ["cost", { costMicros: null }],
    ["output", { output: { answer: 43 } }],
  ] as const)("tells another %s of the same revision apart, and overwrites nothing", (_what, with_) => {
    expect(decideOutcome(outcomeWith(), outcomeWith(with_))).toBe("different");
  });

  it("lets a higher revision replace, and ignores a lower one, whatever they say", () => {
    for (const said of [{}, { status: "expired" }] as const) {
      expect(decideOutcome(outcomeWith(), outcomeWith({ ...said, revision: 2 }))).toBe("replace");
      expect(decideOutcome(outcomeWith(), outcomeWith({ ...said, revision: 0 }))).toBe("ignore");
    }
  });

  it("leads to the same row in whatever order rows of several revisions arrive, and however often", () => {
    const rows = [0, 1, 2].map((revision) => outcomeWith({ revision, costMicros: revision * 10 }));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...rows), { minLength: 1 }), (arriving) => {
        let stored: Outcome | undefined;
        for (const row of arriving) {
          const decided = decideOutcome(stored, row);
          expect(decided).not.toBe("different");
          if (decided === "insert" || decided === "replace") stored = row;
        }
        const highest = Math.max(...arriving.map(({ revision }) => revision));
        expect(stored).toEqual(rows[highest]);
      }),
    );
  });
});

const count = fc.nat(1_000);
const anyCounts: fc.Arbitrary<Counts> = fc.record({
  succeeded: count,
  failed: count,
  expired: count,
  cancelled: count,
  byReason: fc.dictionary(fc.constantFrom(...FAILURE_REASONS), fc.integer({ min: 1, max: 99 })),
});

describe("counts", () => {
  it("count one item by its status, and by its reason where it has one", () => {
    const counted = countOne(countOne(NO_COUNTS, "succeeded"), "failed", "refused");
    expect(countOne(counted, "failed", "refused")).toEqual({
      ...NO_COUNTS,
      succeeded: 1,
      failed: 2,
      byReason: { refused: 2 },
    });
    expect(NO_COUNTS).toMatchObject({ failed: 0, byReason: {} });
  });

  it("stand for as many items as were counted", () => {
    const item = fc.tuple(
      fc.constantFrom(...OUTCOME_STATUSES),
      fc.constantFrom(undefined, ...FAILURE_REASONS),
    );
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const counts = items.reduce((sum, [status, reason]) => countOne(sum, status, reason), NO_COUNTS);
        expect(totalOf(counts)).toBe(items.length);
        const reasons = Object.values(counts.byReason).reduce((sum, number) => sum + number, 0);
        expect(reasons).toBe(items.filter(([, reason]) => reason).length);
      }),
    );
  });

  it("add up in any order and grouping, from nothing", () => {
    fc.assert(
      fc.property(anyCounts, anyCounts, anyCounts, (a, b, c) => {
        expect(addCounts(a, NO_COUNTS)).toEqual(a);
        expect(addCounts(NO_COUNTS, a)).toEqual(a);
        expect(addCounts(a, b)).toEqual(addCounts(b, a));
        expect(addCounts(addCounts(a, b), c)).toEqual(addCounts(a, addCounts(b, c)));
        expect(totalOf(addCounts(a, b))).toBe(totalOf(a) + totalOf(b));
      }),
    );
  });
});

describe("usage and costs", () => {
  it("add up token by token", () => {
    const used = { inputTokens: 1, outputTokens: 2, cachedTokens: 3, reasoningTokens: 4 };
    expect(addUsage(used, NO_USAGE)).toEqual(used);
    expect(addUsage(used, used)).toEqual({
      inputTokens: 2,
      outputTokens: 4,
      cachedTokens: 6,
      reasoningTokens: 8,
    });
  });

  it("add up what was written to a cache, and leave it out where nothing was", () => {
    // Of before it was counted, as it lies in stores.
    const old = JSON.parse(
      '{"inputTokens":10,"outputTokens":2,"cachedTokens":3,"reasoningTokens":1}',
    ) as Usage;
    const written = { ...old, cacheWriteTokens: 5, longCacheWriteTokens: 4 };
    expect(addUsage(old, old)).toEqual({
      inputTokens: 20,
      outputTokens: 4,
      cachedTokens: 6,
      reasoningTokens: 2,
    });
    expect(addUsage(old, written)).toEqual({
      inputTokens: 20,
      outputTokens: 4,
      cachedTokens: 6,
      cacheWriteTokens: 5,
      longCacheWriteTokens: 4,
      reasoningTokens: 2,
    });
    expect(addUsage(written, written)).toMatchObject({ cacheWriteTokens: 10, longCacheWriteTokens: 8 });
    expect(Object.keys(addUsage(NO_USAGE, { ...NO_USAGE, cacheWriteTokens: 0 }))).toEqual(
      Object.keys(NO_USAGE),
    );
    expect(withCacheWrites(written, { cacheWriteTokens: 0, longCacheWriteTokens: 0 })).toEqual(old);
    expect(usage.safeParse(old).success && usage.safeParse(written).success).toBe(true);
    expect(usage.safeParse({ ...old, cacheWriteTokens: -1 }).success).toBe(false);
  });

  it("are whole tokens, and not fewer than none", () => {
    expect(usage.safeParse(NO_USAGE).success).toBe(true);
    expect(usage.safeParse({ ...NO_USAGE, inputTokens: -1 }).success).toBe(false);
    expect(usage.safeParse({ ...NO_USAGE, outputTokens: 0.5 }).success).toBe(false);
  });

  it("are unknown as soon as one cost is", () => {
    expect(addCosts(1, 2)).toBe(3);
    expect([addCosts(null, 2), addCosts(1, null), addCosts(null, null)]).toEqual([null, null, null]);
  });
});
