import { z } from "zod";
import type { Usage } from "@granary/domain";

const tokens = z
  .number()
  .int()
  .nonnegative()
  .nullish()
  .catch(null)
  .transform((count) => count ?? 0);

/**
 * `usage` of a message. Its input leaves out what was read from the cache and what was written to it; thinking is
 * part of the output. Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export const messageUsage = z
  .object({
    input_tokens: tokens,
    cache_creation_input_tokens: tokens,
    cache_read_input_tokens: tokens,
    output_tokens: tokens,
    output_tokens_details: z.object({ thinking_tokens: tokens }).nullish().catch(null),
  })
  .nullish()
  .catch(null)
  .transform((usage): Usage | null =>
    usage
      ? {
          inputTokens: usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens,
          outputTokens: usage.output_tokens,
          cachedTokens: usage.cache_read_input_tokens,
          reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
        }
      : null,
  );
