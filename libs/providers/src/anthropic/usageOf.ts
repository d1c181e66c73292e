import { z } from "zod";
import type { Usage } from "@granary/domain";
import { withCacheWrites } from "@granary/domain";

const tokens = z
  .number()
  .int()
  .nonnegative()
  .nullish()
  .catch(null)
  .transform((count) => count ?? 0);

const told = z.object({
  input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: tokens, ephemeral_1h_input_tokens: tokens })
    .nullish()
    .catch(null),
  cache_read_input_tokens: tokens,
  output_tokens: tokens,
  output_tokens_details: z.object({ thinking_tokens: tokens }).nullish().catch(null),
});

/**
 * `usage` of a message. Its input leaves out what was read from the cache and what was written to it; thinking is
 * part of the output. Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export const messageUsage = told
  .nullish()
  .catch(null)
  .transform((usage): Usage | null => (usage ? usageOf(usage) : null));

function usageOf(usage: z.infer<typeof told>): Usage {
  const longCacheWriteTokens = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const shortCacheWriteTokens = usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  // The total is the older field. Where one of the two is missing, the other one tells.
  const cacheWriteTokens = Math.max(
    usage.cache_creation_input_tokens,
    shortCacheWriteTokens + longCacheWriteTokens,
  );
  return withCacheWrites(
    {
      inputTokens: usage.input_tokens + cacheWriteTokens + usage.cache_read_input_tokens,
      outputTokens: usage.output_tokens,
      cachedTokens: usage.cache_read_input_tokens,
      reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
    },
    { cacheWriteTokens, longCacheWriteTokens },
  );
}
