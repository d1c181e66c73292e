import type { Price } from "@granary/domain";

const SOURCE = "https://openai.com/api/pricing/";
const AS_OF = "2026-03-21";

function price(model: string, input: number, cachedInput: number, output: number): Price {
  return { provider: "openai", model, input, cachedInput, output, batch: 0.5, asOf: AS_OF, source: SOURCE };
}

/**
 * List prices in US dollars a million tokens; a batch pays half. They change, and are no bill: the
 * configuration's own price list goes before this one, and a model that is in neither has no known cost.
 * The values are those of published tables of that day which quote the source; check it before relying on them.
 */
export const OPENAI_PRICES: readonly Price[] = [
  price("gpt-4o", 2.5, 1.25, 10),
  price("gpt-4o-mini", 0.15, 0.075, 0.6),
  price("gpt-4.1", 2, 0.5, 8),
  price("gpt-4.1-mini", 0.4, 0.1, 1.6),
  price("gpt-4.1-nano", 0.1, 0.025, 0.4),
  price("gpt-5", 1.25, 0.125, 10),
  price("gpt-5-mini", 0.25, 0.025, 2),
  price("gpt-5-nano", 0.05, 0.005, 0.4),
  price("o3", 2, 0.5, 8),
  price("o4-mini", 1.1, 0.275, 4.4),
];
