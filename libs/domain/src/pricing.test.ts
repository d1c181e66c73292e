import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Price } from "./pricing.ts";
import { costOf, estimateMicros, priceOf } from "./pricing.ts";
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

describe("priceOf", () => {
  const family = priceWith();
  const snapshot = priceWith({ model: "gpt-4.1-mini-2025-04-14", input: 9 });

  it("finds a model by its name and provider", () => {
    expect(priceOf([family, snapshot], "openai", "gpt-4.1-mini")).toBe(family);
    expect(priceOf([family], "gemini", "gpt-4.1-mini")).toBeUndefined();
    expect(priceOf([family], "openai", "gpt-4.1")).toBeUndefined();
  });

  it("gives a snapshot its own price, or its family's", () => {
    expect(priceOf([family, snapshot], "openai", "gpt-4.1-mini-2025-04-14")).toBe(snapshot);
    expect(priceOf([family], "openai", "gpt-4.1-mini-2025-04-14")).toBe(family);
    expect(priceOf([family], "gemini", "gpt-4.1-mini-2025-04-14")).toBeUndefined();
    expect(priceOf([family], "openai", "gpt-4.1-mini-latest")).toBeUndefined();
  });
});

describe("costOf", () => {
  it("charges fresh, cached and output tokens at half price", () => {
    // 600 * 0.4 + 400 * 0.1 + 100 * 1.6 = 440 micro-dollars, half of it in a batch.
    expect(costOf(used(1_000, 400, 100), priceWith())).toBe(220);
  });

  it("is not known without a price", () => {
    expect(costOf(used(1, 0, 1), undefined)).toBeNull();
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
        const price = priceWith({ input, cachedInput: input / 4, output: input * 4 });
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

describe("estimateMicros", () => {
  it("rounds up", () => {
    expect(estimateMicros({ input: 1, output: 0 }, priceWith())).toBe(1);
    expect(estimateMicros({ input: 10, output: 10 }, priceWith())).toBe(10);
    expect(estimateMicros({ input: 0, output: 0 }, priceWith())).toBe(0);
  });

  it("is not known without a price", () => {
    expect(estimateMicros({ input: 1, output: 1 }, undefined)).toBeNull();
  });

  it("is never less than what the same tokens cost", () => {
    const tokens = fc.nat(1_000_000);
    fc.assert(
      fc.property(tokens, tokens, tokens, (input, cached, output) => {
        const cost = costOf(used(input, Math.min(cached, input), output), priceWith());
        expect(estimateMicros({ input, output }, priceWith())).toBeGreaterThanOrEqual(cost ?? Infinity);
      }),
    );
  });
});
