import { z } from "zod";
import type { Usage } from "@granary/domain";
import { withCacheWrites } from "@granary/domain";

const tokens = z.number().int().nonnegative().catch(0).default(0);
const cached = z
  .object({
    cached_tokens: tokens,
    cache_write_tokens: tokens,
    cache_write_tokens_details: z.object({ ttl_12h_tokens: tokens }).nullish().catch(null),
  })
  .nullish()
  .catch(null);
const reasoning = z.object({ reasoning_tokens: tokens }).nullish().catch(null);

/**
 * `usage` of a chat completion. Its input has what was read from the cache in it, and what was written to it.
 * Source: https://developers.openai.com/api/docs/guides/prompt-caching
 */
export const chatUsage = z
  .object({
    prompt_tokens: tokens,
    completion_tokens: tokens,
    prompt_tokens_details: cached,
    completion_tokens_details: reasoning,
  })
  .nullish()
  .catch(null)
  .transform((usage): Usage | null =>
    usage
      ? usageOf(
          usage.prompt_tokens,
          usage.completion_tokens,
          usage.prompt_tokens_details,
          usage.completion_tokens_details,
        )
      : null,
  );

/** `usage` of a response, and of a batch as a whole, which does not tell what was written to the cache. */
export const responsesUsage = z
  .object({
    input_tokens: tokens,
    output_tokens: tokens,
    input_tokens_details: cached,
    output_tokens_details: reasoning,
  })
  .nullish()
  .catch(null)
  .transform((usage): Usage | null =>
    usage
      ? usageOf(
          usage.input_tokens,
          usage.output_tokens,
          usage.input_tokens_details,
          usage.output_tokens_details,
        )
      : null,
  );

function usageOf(
  inputTokens: number,
  outputTokens: number,
  input: z.infer<typeof cached>,
  output: z.infer<typeof reasoning>,
): Usage {
  return withCacheWrites(
    {
      inputTokens,
      outputTokens,
      cachedTokens: input?.cached_tokens ?? 0,
      reasoningTokens: output?.reasoning_tokens ?? 0,
    },
    {
      cacheWriteTokens: input?.cache_write_tokens ?? 0,
      longCacheWriteTokens: input?.cache_write_tokens_details?.ttl_12h_tokens ?? 0,
    },
  );
}
