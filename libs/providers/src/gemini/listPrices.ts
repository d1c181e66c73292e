import type { Price } from "@granary/domain";
import { priceTable } from "../priceTable.ts";

const row = priceTable("gemini", "https://ai.google.dev/gemini-api/docs/pricing");

/**
 * Written by tools/generate-prices.ts from genai-prices 0.2.3 of 2026-11-10: models with a price in a batch. What
 * is newer or otherwise goes into prices.ts beside it.
 */
export const GEMINI_LIST_PRICES: readonly Price[] = [
  ...row("gemini-2.5-flash gemini-2.5-flash-latest gemini-2.5-flash-preview-09-2025", "2026-10-14", {
    input: 0.3,
    cachedInput: 0.03,
    batchCachedInput: 0.03,
    output: 2.5,
  }),
  ...row("gemini-2.5-flash-lite", "2026-10-14", {
    input: 0.1,
    cachedInput: 0.01,
    batchCachedInput: 0.01,
    output: 0.4,
  }),
  ...row("gemini-2.5-pro", "2026-10-14", {
    input: 1.25,
    cachedInput: 0.125,
    batchCachedInput: 0.125,
    output: 10,
    tiers: [{ aboveTokens: 200_000, input: 2.5, cachedInput: 0.25, batchCachedInput: 0.25, output: 15 }],
  }),
  ...row("gemini-3-flash-preview", "2026-10-14", {
    input: 0.5,
    cachedInput: 0.05,
    batchCachedInput: 0.05,
    output: 3,
  }),
  ...row("gemini-3.1-flash-lite", "2026-10-14", { input: 0.25, cachedInput: 0.025, output: 1.5 }),
  ...row("gemini-3.1-pro-preview", "2026-10-14", {
    input: 2,
    cachedInput: 0.2,
    batchCachedInput: 0.2,
    output: 12,
    tiers: [{ aboveTokens: 200_000, input: 4, cachedInput: 0.4, batchCachedInput: 0.4, output: 18 }],
  }),
  ...row("gemini-3.5-flash-lite", "2026-10-14", {
    input: 0.3,
    cachedInput: 0.03,
    batchCachedInput: 0.02,
    output: 2.5,
  }),
  ...row("gemini-3.6-flash", "2026-10-14", { input: 0.75, cachedInput: 0.075, output: 3.75 }),
  ...row("gemini-3.6-flash", "2027-01-01", { input: 1.5, cachedInput: 0.15, output: 7.5 }),
  ...row("gemini-3.8-flash", "2026-10-14", { input: 0.75, cachedInput: 0.075, output: 3.75 }),
  ...row("gemini-3.8-flash", "2027-01-01", { input: 1.5, cachedInput: 0.15, output: 7.5 }),
  ...row("gemini-4-argon", "2026-10-14", { input: 2, cachedInput: 0.1, output: 10 }),
  ...row("gemini-4-argon", "2026-12-01", { input: 4, cachedInput: 0.2, output: 20 }),
];
