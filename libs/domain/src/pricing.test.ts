import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Price, PriceTier } from "./pricing.ts";
import { costOf, costOfJob, estimateMicros, priceList, priceOf, priceOfTask } from "./pricing.ts";
import type { Usage } from "./outcome.ts";

function priceWith(with_: Partial<Price> = {}): Price {
  return {
    provider: "openai",
    model: "gpt-4.1-mini",
    input: 0.4,
    cachedInput: 0.1,
    output: 1.6,
    batch: 0.5,
    asOf: "2026-11-01",
    source: "https://example.com/prices",
    ...with_,
  };
}

const used = (inputTokens: number, cachedTokens: number, outputTokens: number): Usage => ({
  inputTokens,
  cachedTokens,
  outputTokens,
  reasoningTokens: 0,
});

const LONG: PriceTier = { aboveTokens: 200_000, input: 0.8, cachedInput: 0.2, output: 2.4 };
const NOW = Date.parse("2026-11-25T12:00:00Z");

const find = (prices: readonly Price[], model: string, at = NOW) => priceOf(prices, "openai", model, at);

describe("priceOf", () => {
  const family = priceWith();
  const snapshot = priceWith({ model: "gpt-4.1-mini-2025-04-14", input: 9 });

  it("finds a model by its name and provider", () => {
    expect(find([family, snapshot], "gpt-4.1-mini")).toBe(family);
    expect(priceOf([family], "gemini", "gpt-4.1-mini", NOW)).toBeUndefined();
    expect(find([family], "gpt-4.1")).toBeUndefined();
    expect(find([], "gpt-4.1")).toBeUndefined();
  });

  it("gives a snapshot its own price, or its family's", () => {
    expect(find([family, snapshot], "gpt-4.1-mini-2025-04-14")).toBe(snapshot);
    expect(find([family], "gpt-4.1-mini-2025-04-14")).toBe(family);
    expect(priceOf([family], "gemini", "gpt-4.1-mini-2025-04-14", NOW)).toBeUndefined();
  });

  it.each(["gpt-4.1-mini-20250414", "gpt-4.1-mini-001"])("finds the family of %s", (model) => {
    expect(find([family], model)).toBe(family);
  });

  it.each(["latest", "preview", "preview-05-20", "preview-09-2025", "chat-latest", "0613", "exp"])(
    "does not take a model of -%s for its family's",
    (ending) => {
      expect(find([family], `gpt-4.1-mini-${ending}`)).toBeUndefined();
      const own = priceWith({ model: `gpt-4.1-mini-${ending}`, input: 7 });
      expect(find([family, own], `gpt-4.1-mini-${ending}`)).toBe(own);
    },
  );

  it("takes of several rows the one that began last, from midnight UTC on", () => {
    const first = priceWith({ asOf: "2026-06-01" });
    const next = priceWith({ asOf: "2026-12-01", input: 0.8 });
    for (const rows of [
      [first, next],
      [next, first],
    ]) {
      expect(find(rows, "gpt-4.1-mini", Date.parse("2026-11-30T23:59:59.999Z"))).toBe(first);
      expect(find(rows, "gpt-4.1-mini", Date.parse("2026-12-01T00:00:00Z"))).toBe(next);
      expect(find(rows, "gpt-4.1-mini-2025-04-14", Date.parse("2027-01-01"))).toBe(next);
      // What was done before anybody looked costs what is known first.
      expect(find(rows, "gpt-4.1-mini", 0)).toBe(first);
    }
  });

  it("is that of the day a task was submitted, or else planned", () => {
    const rows = [priceWith({ asOf: "2026-06-01" }), priceWith({ asOf: "2026-12-01", input: 0.8 })];
    const task = { provider: "openai", account: "openai:eu", model: "gpt-4.1-mini" };
    const [old, late] = [Date.parse("2026-11-30"), Date.parse("2026-12-02")];
    expect(priceOfTask(rows, { ...task, plannedAt: old, submittedAt: late })?.input).toBe(0.8);
    expect(priceOfTask(rows, { ...task, plannedAt: late, submittedAt: null })?.input).toBe(0.8);
    expect(priceOfTask(rows, { ...task, plannedAt: old, submittedAt: null })?.input).toBe(0.4);
    expect(priceOfTask(rows, { ...task, plannedAt: null, submittedAt: null })?.input).toBe(0.4);
  });
});

describe("a price of one account alone", () => {
  const own = priceWith({ account: "openai:eu", input: 9 });
  const rows = [own, priceWith({})];

  it("goes before its provider's, for that account and no other", () => {
    expect(priceOf(rows, "openai", "gpt-4.1-mini", 0, "openai:eu")).toBe(own);
    expect(priceOf(rows, "openai", "gpt-4.1-mini-2025-04-14", 0, "openai:eu")).toBe(own);
    for (const account of ["openai:us", undefined])
      expect(priceOf(rows, "openai", "gpt-4.1-mini", 0, account)).toBe(rows[1]);
  });

  it("leaves the account its provider's prices of other models", () => {
    const other = priceWith({ model: "gpt-4o-mini" });
    expect(priceOf([own, other], "openai", "gpt-4o-mini", 0, "openai:eu")).toBe(other);
  });

  it("does not take the place of the provider's row in a list", () => {
    expect(priceList([own], [priceWith({})])).toHaveLength(2);
  });
});

describe("priceList", () => {
  it("lets a list go before those behind it, model by model, whatever their days", () => {
    const own = [priceWith({ asOf: "2025-01-01", input: 1 }), priceWith({ asOf: "2025-02-01", input: 2 })];
    const other = priceWith({ model: "o3" });
    const elsewhere = priceWith({ provider: "gemini" });
    const list = priceList(own, [priceWith({ asOf: "2026-11-20" }), other, elsewhere], [other]);
    expect(list).toEqual([...own, other, elsewhere]);
    expect(priceOf(list, "openai", "gpt-4.1-mini", NOW)?.input).toBe(2);
  });
});

describe("costOf", () => {
  it("charges fresh, cached and output tokens at half price", () => {
    // 600 * 0.4 + 400 * 0.1 + 100 * 1.6 = 440 micro-dollars, half of it in a batch.
    expect(costOf(used(1_000, 400, 100), priceWith())).toBe(220);
  });

  it("charges cached tokens what they cost in a batch, where that is told", () => {
    // (600 * 0.4 + 100 * 1.6) * 0.5 + 400 * 0.1.
    expect(costOf(used(1_000, 400, 100), priceWith({ batchCachedInput: 0.1 }))).toBe(240);
  });

  it("charges what is written to the cache, and for how long", () => {
    const usage = { ...used(1_000, 400, 0), cacheWriteTokens: 500, longCacheWriteTokens: 200 };
    // (100 * 0.4 + 400 * 0.1 + 300 * 0.5 + 200 * 0.8) * 0.5.
    expect(costOf(usage, priceWith({ cacheWrite: 0.5, longCacheWrite: 0.8 }))).toBe(195);
    // Where writing costs nothing of its own it is input: (600 * 0.4 + 400 * 0.1) * 0.5.
    expect(costOf(usage, priceWith())).toBe(140);
    expect(costOf({ ...usage, longCacheWriteTokens: 0 }, priceWith({ cacheWrite: 0.5 }))).toBe(165);
  });

  it("is not known without a price, or without the one of what is kept long", () => {
    expect(costOf(used(1, 0, 1), undefined)).toBeNull();
    const long = { ...used(9, 0, 0), cacheWriteTokens: 9, longCacheWriteTokens: 1 };
    expect(costOf(long, priceWith({ cacheWrite: 0.5 }))).toBeNull();
  });

  it("takes the tier of the answer's input, for all of its tokens", () => {
    const price = priceWith({ tiers: [LONG] });
    // 199,999 * 0.2 and 1,000 * 0.8.
    expect(costOf(used(199_999, 0, 1_000), price)).toBe(40_800);
    expect(costOf(used(200_000, 0, 1_000), price)).toBe(40_800);
    // 200,001 * 0.4 and 1,000 * 1.2.
    expect(costOf(used(200_001, 0, 1_000), price)).toBe(81_200);
    // What was read from the cache counts: 200,001 * 0.1.
    expect(costOf(used(200_001, 200_001, 0), price)).toBe(20_000);
  });

  it("takes the last of several tiers that the input is beyond", () => {
    const tiers = [
      { ...LONG, aboveTokens: 10, input: 2 },
      { ...LONG, aboveTokens: 20, input: 4 },
    ];
    const price = priceWith({ tiers });
    expect([10, 11, 20, 21].map((tokens) => costOf(used(tokens, 0, 0), price))).toEqual([2, 11, 20, 42]);
  });

  it("rounds half up, exactly", () => {
    expect(costOf(used(5, 0, 0), priceWith({ input: 0.2 }))).toBe(1);
    expect(costOf(used(12, 0, 0), priceWith({ input: 0.2 }))).toBe(1);
    // 180 * 0.35 * 0.5 is 31.499999999999996 in floating point.
    expect(costOf(used(180, 0, 0), priceWith({ input: 0.35 }))).toBe(32);
  });

  it("never charges less than nothing where more is cached than was read", () => {
    expect(costOf(used(10, 20, 0), priceWith({ cachedInput: 0 }))).toBe(0);
  });

  it("is a whole number that grows with every kind of token", () => {
    const tokens = fc.nat(10_000_000);
    const rate = fc.integer({ min: 0, max: 2_000_000 }).map((hundredths) => hundredths / 10_000);
    fc.assert(
      fc.property(tokens, tokens, tokens, fc.nat(1_000), rate, (fresh, cached, output, more, input) => {
        const rates = { input, cachedInput: input / 4, output: input * 4 };
        const dear = { input: input * 2, cachedInput: input / 2, output: input * 6 };
        const price = priceWith({ ...rates, tiers: [{ aboveTokens: 200_000, ...dear }] });
        const cost = costOf(used(fresh + cached, cached, output), price) ?? -1;
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(cost).toBeGreaterThanOrEqual(0);
        for (const grown of [
          used(fresh + more + cached, cached, output),
          used(fresh + cached + more, cached + more, output),
          used(fresh + cached, cached, output + more),
        ])
          expect(costOf(grown, price)).toBeGreaterThanOrEqual(cost);
      }),
    );
  });
});

describe("costOfJob", () => {
  const price = priceWith({ tiers: [LONG] });

  it("takes the tier of the answers, not of their sum", () => {
    // A thousand answers of 300 tokens each: 300,000 * 0.2.
    expect(costOfJob(used(300_000, 0, 0), 1_000, price)).toBe(60_000);
    expect(costOfJob(used(600_003, 0, 0), 3, price)).toBe(240_001);
    expect(costOfJob(used(600_000, 0, 0), 3, price)).toBe(120_000);
    expect(costOfJob(used(300_000, 0, 0), 0, price)).toBe(120_000);
    expect(costOfJob(used(1, 0, 0), 1, undefined)).toBeNull();
  });
});

describe("estimateMicros", () => {
  it("rounds up", () => {
    expect(estimateMicros({ input: 1, output: 0 }, priceWith())).toBe(1);
    expect(estimateMicros({ input: 10, output: 10 }, priceWith())).toBe(10);
    expect(estimateMicros({ input: 0, output: 0 }, priceWith())).toBe(0);
  });

  it("is not known without a price, or without the one of what may be kept long", () => {
    expect(estimateMicros({ input: 1, output: 1 }, undefined)).toBeNull();
    const tokens = { input: 1, output: 1, cacheWrite: "long" } as const;
    expect(estimateMicros(tokens, priceWith({ cacheWrite: 0.5 }))).toBeNull();
    expect(estimateMicros(tokens, priceWith())).toBe(1);
  });

  it("counts on the cache being written where it may be", () => {
    const price = priceWith({ cacheWrite: 0.5, longCacheWrite: 0.8 });
    const tokens = { input: 1_000, output: 0 };
    expect(estimateMicros(tokens, price)).toBe(200);
    expect(estimateMicros({ ...tokens, cacheWrite: "short" }, price)).toBe(250);
    expect(estimateMicros({ ...tokens, cacheWrite: "long" }, price)).toBe(400);
  });

  it("takes the dearest tier that the input may reach", () => {
    const price = priceWith({ tiers: [LONG] });
    expect(estimateMicros({ input: 200_000, output: 0 }, price)).toBe(40_000);
    expect(estimateMicros({ input: 200_001, output: 0 }, price)).toBe(80_001);
    const cheaper = priceWith({ tiers: [{ ...LONG, input: 0.2, output: 0.8 }] });
    expect(estimateMicros({ input: 200_001, output: 0 }, cheaper)).toBe(40_001);
  });

  it("is never less than what the same tokens cost, or fewer", () => {
    const tokens = fc.nat(400_000);
    const dollars = fc.integer({ min: 0, max: 5_000 }).map((thousandths) => thousandths / 1_000);
    const rates = fc.record({
      input: dollars,
      cachedInput: dollars,
      batchCachedInput: dollars,
      cacheWrite: dollars,
      longCacheWrite: dollars,
      output: dollars,
    });
    fc.assert(
      fc.property(
        tokens,
        tokens,
        tokens,
        tokens,
        tokens,
        rates,
        rates,
        (a, b, c, output, more, base, tier) => {
          const price = priceWith({ ...base, tiers: [{ aboveTokens: 200_000, ...tier }] });
          const usage = { ...used(a + b + c, a, output), cacheWriteTokens: b, longCacheWriteTokens: b >> 1 };
          const estimate = { input: a + b + c + more, output, cacheWrite: "long" } as const;
          expect(estimateMicros(estimate, price)).toBeGreaterThanOrEqual(costOf(usage, price) ?? Infinity);
        },
      ),
    );
  });
});
