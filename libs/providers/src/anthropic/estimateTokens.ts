import type { Item, LineContext, TokenEstimate } from "@granary/domain";
import { inputTokens } from "../inputTokens.ts";
import { cacheWrite } from "./cacheWrite.ts";
import { DEFAULT_MAX_TOKENS } from "./maxTokens.ts";

/**
 * An upper estimate of an item's tokens, without a tokenizer: input from its bytes, output as much as it is allowed,
 * which is always said. Used for limits and budgets, never for the bill.
 */
export function estimateTokens(item: Item, { output }: LineContext): TokenEstimate {
  const asked = item.params?.maxTokens ?? item.body?.["max_tokens"];
  const most = typeof asked === "number" && asked > 0 ? Math.ceil(asked) : DEFAULT_MAX_TOKENS;
  return { input: inputTokens(item, output), output: most, ...(item.body ? cacheWrite(item.body) : {}) };
}
