import type { Price } from "@granary/domain";
import { priceTable } from "../priceTable.ts";

const row = priceTable("openai", "https://developers.openai.com/api/docs/pricing");

/**
 * Written by tools/generate-prices.ts from genai-prices 0.2.3 of 2026-11-10: models with a price in a batch. What
 * is newer or otherwise goes into prices.ts beside it.
 */
export const OPENAI_LIST_PRICES: readonly Price[] = [
  ...row("gpt-3.5-turbo gpt-35-turbo gpt-3.5-turbo-0125", "2026-10-14", {
    input: 0.5,
    cachedInput: 0.5,
    output: 1.5,
  }),
  ...row("gpt-3.5-turbo-1106", "2026-10-14", { input: 1, cachedInput: 1, output: 2, batch: 1 }),
  ...row("gpt-4 gpt-4-0314 gpt-4-0613", "2026-10-14", { input: 30, cachedInput: 30, output: 60 }),
  ...row(
    "gpt-4-turbo gpt-4-turbo-0125-preview gpt-4-0125-preview gpt-4-1106-preview gpt-4-turbo-preview",
    "2026-10-14",
    { input: 10, cachedInput: 10, output: 30 },
  ),
  ...row("gpt-4.1", "2026-10-14", { input: 2, cachedInput: 0.5, batchCachedInput: 0.5, output: 8 }),
  ...row("gpt-4.1-mini", "2026-10-14", { input: 0.4, cachedInput: 0.1, batchCachedInput: 0.1, output: 1.6 }),
  ...row("gpt-4.1-nano", "2026-10-14", {
    input: 0.1,
    cachedInput: 0.025,
    batchCachedInput: 0.025,
    output: 0.4,
  }),
  ...row("gpt-4o", "2026-10-14", { input: 2.5, cachedInput: 1.25, batchCachedInput: 1.25, output: 10 }),
  ...row("gpt-4o-2024-05-13", "2026-10-14", { input: 5, cachedInput: 5, output: 15 }),
  ...row("gpt-4o-mini", "2026-10-14", {
    input: 0.15,
    cachedInput: 0.075,
    batchCachedInput: 0.075,
    output: 0.6,
  }),
  ...row("gpt-5 gpt-5-chat gpt-5-chat-latest gpt-5-codex", "2026-10-14", {
    input: 1.25,
    cachedInput: 0.125,
    output: 10,
  }),
  ...row("gpt-5-mini", "2026-10-14", { input: 0.25, cachedInput: 0.025, output: 2 }),
  ...row("gpt-5-nano", "2026-10-14", { input: 0.05, cachedInput: 0.005, output: 0.4 }),
  ...row("gpt-5-pro", "2026-10-14", { input: 15, cachedInput: 15, output: 120 }),
  ...row("gpt-5.1 gpt-5.1-codex gpt-5.1-codex-max gpt-5.1-chat gpt-5.1-chat-latest", "2026-10-14", {
    input: 1.25,
    cachedInput: 0.125,
    output: 10,
  }),
  ...row("gpt-5.2 gpt-5.2-chat gpt-5.2-chat-latest gpt-5.2-codex", "2026-10-14", {
    input: 1.75,
    cachedInput: 0.175,
    output: 14,
  }),
  ...row("gpt-5.2-pro", "2026-10-14", { input: 21, cachedInput: 21, output: 168 }),
  ...row("gpt-5.4", "2026-10-14", {
    input: 2.5,
    cachedInput: 0.25,
    batchCachedInput: 0.13,
    output: 15,
    tiers: [{ aboveTokens: 272_000, input: 5, cachedInput: 0.5, output: 22.5 }],
  }),
  ...row("gpt-5.4-mini", "2026-10-14", { input: 0.75, cachedInput: 0.075, output: 4.5 }),
  ...row("gpt-5.4-nano", "2026-10-14", { input: 0.2, cachedInput: 0.02, output: 1.25 }),
  ...row("gpt-5.4-pro", "2026-10-14", {
    input: 30,
    cachedInput: 30,
    output: 180,
    tiers: [{ aboveTokens: 272_000, input: 60, cachedInput: 60, output: 270 }],
  }),
  ...row("gpt-5.5 gpt-5.5-chat gpt-5.5-chat-latest gpt-5.5-codex", "2026-10-14", {
    input: 5,
    cachedInput: 0.5,
    output: 30,
    tiers: [{ aboveTokens: 272_000, input: 10, cachedInput: 1, output: 45 }],
  }),
  ...row("gpt-5.5-pro", "2026-10-14", { input: 30, cachedInput: 30, output: 180 }),
  ...row("gpt-5.6-luna", "2026-10-14", {
    input: 0.2,
    cachedInput: 0.02,
    cacheWrite: 0.25,
    output: 1.2,
    tiers: [{ aboveTokens: 272_000, input: 0.4, cachedInput: 0.04, cacheWrite: 0.5, output: 1.8 }],
  }),
  ...row("gpt-5.6-sol gpt-5.6", "2026-10-14", {
    input: 4,
    cachedInput: 0.4,
    cacheWrite: 5,
    output: 20,
    tiers: [{ aboveTokens: 272_000, input: 8, cachedInput: 0.8, cacheWrite: 10, output: 30 }],
  }),
  ...row("gpt-5.6-terra", "2026-10-14", {
    input: 2,
    cachedInput: 0.2,
    cacheWrite: 2.5,
    output: 12,
    tiers: [{ aboveTokens: 272_000, input: 4, cachedInput: 0.4, cacheWrite: 5, output: 18 }],
  }),
  ...row("gpt-6-astra", "2026-10-14", {
    input: 10,
    cachedInput: 1,
    cacheWrite: 12.5,
    output: 50,
    tiers: [{ aboveTokens: 272_000, input: 20, cachedInput: 2, cacheWrite: 25, output: 75 }],
  }),
  ...row("gpt-6-luna", "2026-10-14", {
    input: 0.1,
    cachedInput: 0.01,
    cacheWrite: 0.125,
    output: 0.5,
    tiers: [{ aboveTokens: 272_000, input: 0.2, cachedInput: 0.02, cacheWrite: 0.25, output: 0.75 }],
  }),
  ...row("gpt-6-sol", "2026-10-14", {
    input: 2,
    cachedInput: 0.2,
    cacheWrite: 2.5,
    output: 10,
    tiers: [{ aboveTokens: 272_000, input: 4, cachedInput: 0.4, cacheWrite: 5, output: 15 }],
  }),
  ...row("gpt-6.1-sol", "2026-10-14", {
    input: 2,
    cachedInput: 0.1,
    cacheWrite: 2.5,
    output: 10,
    tiers: [{ aboveTokens: 272_000, input: 4, cachedInput: 0.2, cacheWrite: 5, output: 15 }],
  }),
  ...row("gpt-6.1-terra", "2026-11-10", {
    input: 1,
    cachedInput: 0.05,
    cacheWrite: 1.25,
    output: 5,
    tiers: [{ aboveTokens: 272_000, input: 2, cachedInput: 0.1, cacheWrite: 2.5, output: 7.5 }],
  }),
  ...row("o1", "2026-10-14", { input: 15, cachedInput: 7.5, batchCachedInput: 7.5, output: 60 }),
  ...row("o1-pro", "2026-10-14", { input: 150, cachedInput: 150, output: 600 }),
  ...row("o3", "2026-10-14", { input: 2, cachedInput: 0.5, batchCachedInput: 0.5, output: 8 }),
  ...row("o3-mini", "2026-10-14", { input: 1.1, cachedInput: 0.55, batchCachedInput: 0.55, output: 4.4 }),
  ...row("o3-pro", "2026-10-14", { input: 20, cachedInput: 20, output: 80 }),
  ...row("o4-mini", "2026-10-14", { input: 1.1, cachedInput: 0.275, batchCachedInput: 0.275, output: 4.4 }),
];
