import { expect, test } from "vitest";
import { priceOf } from "@granary/domain";
import { ANTHROPIC_PRICES, GEMINI_PRICES, OPENAI_PRICES } from "../src/index.ts";

test.each([
  ["openai", OPENAI_PRICES, /^https:\/\/openai\.com\//],
  ["gemini", GEMINI_PRICES, /^https:\/\/ai\.google\.dev\//],
  ["anthropic", ANTHROPIC_PRICES, /^https:\/\/platform\.claude\.com\//],
])(
  "every price of %s is dated, halved in a batch, and cheaper where the input is cached",
  (name, prices, from) => {
    const models = prices.map(({ model }) => model);
    expect(new Set(models).size).toBe(models.length);
    for (const { provider, input, cachedInput, output, batch, asOf, source } of prices) {
      expect({ provider, batch }).toEqual({ provider: name, batch: 0.5 });
      expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(source).toMatch(from);
      expect(cachedInput).toBeGreaterThan(0);
      expect(cachedInput).toBeLessThan(input);
      expect(input).toBeLessThan(output);
    }
  },
);

test("a model of Anthropic's has its price under its dated name too", () => {
  expect(priceOf(ANTHROPIC_PRICES, "anthropic", "claude-haiku-4-5-20251001")?.input).toBe(1);
});
