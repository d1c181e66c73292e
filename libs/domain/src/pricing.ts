import type { Usage } from "./outcome.ts";

/** What a model's tokens cost in US dollars a million, before the batch discount. */
export interface Price {
  readonly provider: string;
  readonly model: string;
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
  /** Share of the list price a batch pays, such as 0.5. */
  readonly batch: number;
  /** Day the price was read, and where. */
  readonly asOf: string;
  readonly source: string;
}

/** The price of a model, or undefined where none is known. A dated snapshot (`-2025-04-14`) has the price of its family. */
export function priceOf(prices: readonly Price[], provider: string, model: string): Price | undefined {
  const exact = prices.find((price) => price.provider === provider && price.model === model);
  if (exact) return exact;
  const family = model.replace(/-\d{4}-\d{2}-\d{2}$/, "");
  return family === model
    ? undefined
    : prices.find((price) => price.provider === provider && price.model === family);
}

/** Micro-dollars of a usage, rounded half up; null where the price is not known. */
export function costOf(used: Usage, price: Price | undefined): number | null {
  if (!price) return null;
  const fresh = Math.max(0, used.inputTokens - used.cachedTokens);
  const picos =
    fresh * picosOf(price.input, price) +
    used.cachedTokens * picosOf(price.cachedInput, price) +
    used.outputTokens * picosOf(price.output, price);
  return Math.round(picos / PICOS_A_MICRO);
}

/**
 * Micro-dollars an item may cost at most by its estimated tokens, nothing of it cached, rounded up; null where the
 * price is not known.
 */
export function estimateMicros(
  tokens: { readonly input: number; readonly output: number },
  price: Price | undefined,
): number | null {
  if (!price) return null;
  const picos = tokens.input * picosOf(price.input, price) + tokens.output * picosOf(price.output, price);
  return Math.ceil(picos / PICOS_A_MICRO);
}

const PICOS_A_MICRO = 1_000_000;

/** Pico-dollars a token, whole: so that sums are exact, and whoever repeats them comes to the same micro-dollar. */
function picosOf(dollarsAMillion: number, { batch }: Price): number {
  return Math.round(dollarsAMillion * batch * PICOS_A_MICRO);
}
