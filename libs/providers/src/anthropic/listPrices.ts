import type { Price } from "@granary/domain";
import { priceTable } from "../priceTable.ts";

const row = priceTable("anthropic", "https://platform.claude.com/docs/en/about-claude/pricing");

/**
 * Written by tools/generate-prices.ts from genai-prices 0.2.3 of 2026-11-10: models with a price in a batch. What
 * is newer or otherwise goes into prices.ts beside it.
 */
export const ANTHROPIC_LIST_PRICES: readonly Price[] = [
  ...row("claude-fable-5", "2026-10-14", {
    input: 10,
    cachedInput: 1,
    cacheWrite: 12.5,
    longCacheWrite: 20,
    output: 50,
  }),
  ...row("claude-fable-5-1", "2026-10-14", {
    input: 10,
    cachedInput: 0.25,
    cacheWrite: 12.5,
    longCacheWrite: 20,
    output: 50,
  }),
  ...row("claude-fable-5-2", "2026-11-10", {
    input: 8,
    cachedInput: 0.2,
    cacheWrite: 10,
    longCacheWrite: 16,
    output: 40,
  }),
  ...row("claude-haiku-4-5", "2026-10-14", {
    input: 1,
    cachedInput: 0.1,
    cacheWrite: 1.25,
    longCacheWrite: 2,
    output: 5,
  }),
  ...row("claude-haiku-5-5", "2026-10-14", {
    input: 0.1,
    cachedInput: 0.01,
    cacheWrite: 0.125,
    longCacheWrite: 0.2,
    output: 0.5,
    tiers: [
      {
        aboveTokens: 100_000,
        input: 0.5,
        cachedInput: 0.05,
        cacheWrite: 0.625,
        longCacheWrite: 1,
        output: 2.5,
      },
    ],
  }),
  ...row("claude-mythos-5-2", "2026-11-10", {
    input: 8,
    cachedInput: 0.2,
    cacheWrite: 10,
    longCacheWrite: 16,
    output: 40,
  }),
  ...row("claude-opus-4-5", "2026-10-14", {
    input: 5,
    cachedInput: 0.5,
    cacheWrite: 6.25,
    longCacheWrite: 10,
    output: 25,
  }),
  ...row("claude-opus-4-6", "2026-10-14", {
    input: 5,
    cachedInput: 0.5,
    cacheWrite: 6.25,
    longCacheWrite: 10,
    output: 25,
  }),
  ...row("claude-opus-4-7", "2026-10-14", {
    input: 5,
    cachedInput: 0.5,
    cacheWrite: 6.25,
    longCacheWrite: 10,
    output: 25,
  }),
  ...row("claude-opus-4-8", "2026-10-14", {
    input: 5,
    cachedInput: 0.5,
    cacheWrite: 6.25,
    longCacheWrite: 10,
    output: 25,
  }),
  ...row("claude-opus-5 claude-opus-5-latest", "2026-10-14", {
    input: 5,
    cachedInput: 0.5,
    cacheWrite: 6.25,
    longCacheWrite: 10,
    output: 25,
  }),
  ...row("claude-opus-5-5", "2026-10-14", {
    input: 4,
    cachedInput: 0.2,
    cacheWrite: 5,
    longCacheWrite: 8,
    output: 20,
  }),
  ...row("claude-sonnet-4-5", "2026-10-14", {
    input: 3,
    cachedInput: 0.3,
    cacheWrite: 3.75,
    longCacheWrite: 6,
    output: 15,
    tiers: [
      { aboveTokens: 200_000, input: 6, cachedInput: 0.6, cacheWrite: 7.5, longCacheWrite: 12, output: 22.5 },
    ],
  }),
  ...row("claude-sonnet-4-6", "2026-10-14", {
    input: 3,
    cachedInput: 0.3,
    cacheWrite: 3.75,
    longCacheWrite: 6,
    output: 15,
  }),
  ...row("claude-sonnet-5", "2026-10-14", {
    input: 2,
    cachedInput: 0.2,
    cacheWrite: 2.5,
    longCacheWrite: 4,
    output: 10,
  }),
  ...row("claude-sonnet-5-5", "2026-10-14", {
    input: 2,
    cachedInput: 0.1,
    cacheWrite: 2.5,
    longCacheWrite: 4,
    output: 10,
  }),
];
