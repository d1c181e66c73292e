import { z } from "zod";
import type { Usage } from "@granary/domain";

const tokens = z.number().int().nonnegative().catch(0).default(0);
const cached = z.object({ cached_tokens: tokens }).nullish().catch(null);
const reasoning = z.object({ reasoning_tokens: tokens }).nullish().catch(null);

/** `usage` of a chat completion. */
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
      ? {
          inputTokens: usage.prompt_tokens,
          outputTokens: usage.completion_tokens,
          cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
          reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
        }
      : null,
  );

/** `usage` of a response, and of a batch as a whole. */
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
      ? {
          inputTokens: usage.input_tokens,
          outputTokens: usage.output_tokens,
          cachedTokens: usage.input_tokens_details?.cached_tokens ?? 0,
          reasoningTokens: usage.output_tokens_details?.reasoning_tokens ?? 0,
        }
      : null,
  );
