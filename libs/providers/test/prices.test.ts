import { describe, expect, test } from "vitest";
import { priceOf } from "@granary/domain";
import { ANTHROPIC_PRICES, GEMINI_PRICES, OPENAI_PRICES } from "../src/index.ts";

const NOW = Date.parse("2026-11-25");

describe.each([
  ["openai", OPENAI_PRICES, /^https:\/\/developers\.openai\.com\//],
  ["gemini", GEMINI_PRICES, /^https:\/\/ai\.google\.dev\//],
  ["anthropic", ANTHROPIC_PRICES, /^https:\/\/platform\.claude\.com\//],
])("every price of %s", (name, prices, from) => {
  test("is there once a day, dated and with its source", () => {
    const days = prices.map(({ model, asOf }) => `${model} ${asOf}`);
    expect(new Set(days).size).toBe(days.length);
    for (const { provider, asOf, source } of prices) {
      expect(provider).toBe(name);
      expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(source).toMatch(from);
    }
  });

  test("is half in a batch, and in its order: cached, input, written, written for long, output", () => {
    for (const { model, batch, tiers = [], ...rates } of prices) {
      expect([model, batch]).toEqual([model, model === "gpt-3.5-turbo-1106" ? 1 : 0.5]);
      for (const { input, cachedInput, batchCachedInput, cacheWrite, longCacheWrite, output } of [
        rates,
        ...tiers,
      ]) {
        expect(cachedInput).toBeGreaterThan(0);
        const rising = [cachedInput, input, cacheWrite, longCacheWrite].filter((rate) => rate !== undefined);
        expect(rising).toEqual(rising.toSorted((a, b) => a - b));
        expect(output).toBeGreaterThan(input);
        // A batch never makes cached input dearer, nor dearer than what is not cached.
        const inBatch = batchCachedInput ?? cachedInput * batch;
        expect(inBatch).toBeLessThanOrEqual(cachedInput);
        expect(inBatch).toBeLessThanOrEqual(input * batch);
      }
    }
  });

  test("grows with the length of the prompt", () => {
    for (const { tiers = [], ...rates } of prices) {
      let before = { aboveTokens: 0, ...rates };
      for (const tier of tiers) {
        expect(tier.aboveTokens).toBeGreaterThan(before.aboveTokens);
        for (const field of ["input", "cachedInput", "output"] as const)
          expect(tier[field]).toBeGreaterThan(before[field]);
        before = { ...before, ...tier };
      }
    }
  });
});

test("a model has its price under its dated and its numbered name too", () => {
  expect(priceOf(ANTHROPIC_PRICES, "anthropic", "claude-haiku-4-5-20251001", NOW)?.input).toBe(1);
  expect(priceOf(OPENAI_PRICES, "openai", "gpt-4o-mini-2024-07-18", NOW)?.input).toBe(0.15);
  // A snapshot that costs more than its family.
  expect(priceOf(OPENAI_PRICES, "openai", "gpt-4o-2024-05-13", NOW)?.input).toBe(5);
  expect(priceOf(GEMINI_PRICES, "gemini", "gemini-2.5-flash-lite-001", NOW)?.input).toBe(0.1);
});
