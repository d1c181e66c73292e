import type { Item, LineContext, TokenEstimate } from "@granary/domain";
import { inputTokens } from "../inputTokens.ts";

/** Taken where an item does not say how long its answer may be. */
export const DEFAULT_OUTPUT_TOKENS = 4_096;

/**
 * An upper estimate of an item's tokens, without a tokenizer: input from its bytes, output as much as it allows.
 * Used for limits and budgets, never for the bill.
 */
export function estimateTokens(item: Item, { output }: LineContext): TokenEstimate {
  const { body, params } = item;
  return {
    input: inputTokens(item, output),
    output: body ? outputOf(body) : (params?.maxTokens ?? DEFAULT_OUTPUT_TOKENS),
    cacheWrite: body ? cacheWriteOf(body) : "short",
  };
}

/**
 * Long prompts are written to the cache unasked, for half an hour; which models charge for it, their prices say.
 * Source: https://developers.openai.com/api/docs/guides/prompt-caching
 */
function cacheWriteOf({ prompt_cache_options: options }: NonNullable<Item["body"]>): "short" | "long" {
  const ttl = typeof options === "object" && options !== null && "ttl" in options ? options.ttl : undefined;
  return ttl === undefined || ttl === null || ttl === "30m" ? "short" : "long";
}

function outputOf(body: NonNullable<Item["body"]>): number {
  for (const name of ["max_completion_tokens", "max_output_tokens", "max_tokens"]) {
    const value = body[name];
    if (typeof value === "number" && value > 0) return Math.ceil(value);
  }
  return DEFAULT_OUTPUT_TOKENS;
}
