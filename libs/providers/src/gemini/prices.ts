import type { Price } from "@granary/domain";

const SOURCE = "https://ai.google.dev/gemini-api/docs/pricing";
const AS_OF = "2026-11-25";

function price(model: string, input: number, cachedInput: number, output: number): Price {
  return { provider: "gemini", model, input, cachedInput, output, batch: 0.5, asOf: AS_OF, source: SOURCE };
}

/**
 * List prices in US dollars a million tokens of text, thoughts counted as output, of prompts up to 200,000 tokens; a
 * batch pays half. List prices as known on that day from published tables which quote the source; check them
 * against the provider's page. They change, and are no bill: the configuration's own price list goes before this
 * one, and a model that is in neither has no known cost. Longer prompts cost more, and so does cached input in a
 * batch, which is not halved: neither can be said here.
 */
export const GEMINI_PRICES: readonly Price[] = [
  price("gemini-2.0-flash", 0.1, 0.025, 0.4),
  price("gemini-2.5-flash", 0.3, 0.03, 2.5),
  price("gemini-2.5-flash-lite", 0.1, 0.01, 0.4),
  price("gemini-2.5-pro", 1.25, 0.125, 10),
  price("gemini-3-flash-preview", 0.5, 0.05, 3),
  price("gemini-4-hydrogen", 1.5, 0.075, 7.5),
  price("gemini-4-neon", 3, 0.15, 15),
];
