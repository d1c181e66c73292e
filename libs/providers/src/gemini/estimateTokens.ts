import type { Item, LineContext, TokenEstimate } from "@granary/domain";
import { inputTokens } from "../inputTokens.ts";

/** Taken where an item does not say how long its answer may be: thoughts are part of it. */
export const DEFAULT_OUTPUT_TOKENS = 8_192;

/**
 * An upper estimate of an item's tokens, without a tokenizer: input from its bytes, output as much as it allows.
 * Used for limits and budgets, never for the bill.
 */
export function estimateTokens(item: Item, { output }: LineContext): TokenEstimate {
  const config = item.body?.["generationConfig"] as { readonly maxOutputTokens?: unknown } | undefined;
  const asked = item.params?.maxTokens ?? config?.maxOutputTokens;
  const most = typeof asked === "number" && asked > 0 ? Math.ceil(asked) : DEFAULT_OUTPUT_TOKENS;
  return { input: inputTokens(item, output), output: most };
}
