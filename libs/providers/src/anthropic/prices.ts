import type { Price } from "@granary/domain";

const SOURCE = "https://platform.claude.com/docs/en/about-claude/pricing";
const AS_OF = "2026-11-25";

function price(models: string, input: number, cachedInput: number, output: number): readonly Price[] {
  return models.split(" ").map((model) => ({
    provider: "anthropic",
    model,
    input,
    cachedInput,
    output,
    batch: 0.5,
    asOf: AS_OF,
    source: SOURCE,
  }));
}

/**
 * List prices in US dollars a million tokens; a batch pays half, of cached input too. List prices as known on that day
 * from published tables which quote the source; check them against the provider's page. They change, and are no
 * bill: the configuration's own price list goes before this one, and a model that is in neither has no known cost.
 * Input that is written to the cache costs more than other input, which cannot be said here. A model whose price
 * depends on the prompt's length is left out.
 */
export const ANTHROPIC_PRICES: readonly Price[] = [
  ...price("claude-opus-5-5", 4, 0.2, 20),
  ...price("claude-opus-5 claude-opus-4-8 claude-opus-4-7 claude-opus-4-6", 5, 0.5, 25),
  ...price("claude-opus-4-5 claude-opus-4-5-20251101", 5, 0.5, 25),
  ...price("claude-opus-4-1 claude-opus-4-1-20250805", 15, 1.5, 75),
  ...price("claude-sonnet-5-5", 2, 0.1, 10),
  ...price("claude-sonnet-5", 2, 0.2, 10),
  ...price("claude-sonnet-4-6 claude-sonnet-4-5 claude-sonnet-4-5-20250929", 3, 0.3, 15),
  ...price("claude-haiku-4-5 claude-haiku-4-5-20251001", 1, 0.1, 5),
];
