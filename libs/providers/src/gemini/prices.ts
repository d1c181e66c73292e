import { priceList } from "@granary/domain";
import type { Price } from "@granary/domain";
import { priceTable } from "../priceTable.ts";
import { GEMINI_LIST_PRICES } from "./listPrices.ts";

const row = priceTable("gemini", "https://ai.google.dev/gemini-api/docs/pricing");

/** Models that came after the list was written, as told by published tables that quote the source. */
const NEWER: readonly Price[] = [
  ...row("gemini-4-hydrogen", "2026-11-25", { input: 1.5, cachedInput: 0.075, output: 7.5 }),
  ...row("gemini-4-neon", "2026-11-25", { input: 3, cachedInput: 0.15, output: 15 }),
];

/**
 * List prices in US dollars a million tokens of text, thoughts counted as output, and what a batch pays of them: of
 * older models cached input costs as much in a batch as elsewhere. They change, and are no bill: the configuration's
 * own price list goes before this one, and a model that is in neither has no known cost. Sound costs more than text
 * with some models, and an explicit cache costs by the hour, too: neither can be said here.
 */
export const GEMINI_PRICES: readonly Price[] = priceList(NEWER, GEMINI_LIST_PRICES);
