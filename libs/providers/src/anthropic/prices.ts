import type { Price } from "@granary/domain";
import { ANTHROPIC_LIST_PRICES } from "./listPrices.ts";

/**
 * List prices in US dollars a million tokens; a batch pays half, of what is read from the cache and written to it, too.
 * They change, and are no bill: the configuration's own price list goes before this one, and a model that is in neither
 * has no known cost. What the provider's own tools cost beside their tokens is not in it.
 */
export const ANTHROPIC_PRICES: readonly Price[] = ANTHROPIC_LIST_PRICES;
