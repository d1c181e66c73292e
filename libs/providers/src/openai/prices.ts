import { priceList } from "@granary/domain";
import type { Price } from "@granary/domain";
import { priceTable } from "../priceTable.ts";
import { OPENAI_LIST_PRICES } from "./listPrices.ts";

const row = priceTable("openai", "https://developers.openai.com/api/docs/pricing");

/** Models that came after the list was written, as told by published tables that quote the source. */
const NEWER: readonly Price[] = [
  ...row("gpt-6.2-astra", "2026-11-18", {
    input: 8,
    cachedInput: 0.4,
    cacheWrite: 10,
    output: 40,
    tiers: [{ aboveTokens: 272_000, input: 16, cachedInput: 0.8, cacheWrite: 20, output: 60 }],
  }),
  ...row("gpt-6.2-sol", "2026-11-18", {
    input: 2,
    cachedInput: 0.1,
    cacheWrite: 2.5,
    output: 10,
    tiers: [{ aboveTokens: 272_000, input: 4, cachedInput: 0.2, cacheWrite: 5, output: 15 }],
  }),
];

/**
 * List prices in US dollars a million tokens, and what a batch pays of them. They change, and are no bill: the
 * configuration's own price list goes before this one, and a model that is in neither has no known cost. From gpt-5.6
 * on what is written to the cache is charged for; what is kept there for twelve hours costs more, which no row tells.
 */
export const OPENAI_PRICES: readonly Price[] = priceList(NEWER, OPENAI_LIST_PRICES);
