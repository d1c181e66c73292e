import { expect, test } from "vitest";
import { OPENAI_PRICES } from "../src/index.ts";

test("every price is dated, halved in a batch, and cheaper where the input is cached", () => {
  const models = OPENAI_PRICES.map(({ model }) => model);
  expect(new Set(models).size).toBe(models.length);
  for (const { provider, input, cachedInput, output, batch, asOf, source } of OPENAI_PRICES) {
    expect({ provider, batch }).toEqual({ provider: "openai", batch: 0.5 });
    expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(source).toMatch(/^https:\/\/openai\.com\//);
    expect(cachedInput).toBeGreaterThan(0);
    expect(cachedInput).toBeLessThan(input);
    expect(input).toBeLessThan(output);
  }
});
