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
 * `usageMetadata` of an answer. The prompt's count has the cached tokens in it, the candidates' count has not the
 * thoughts. What tools brought in is charged as input. Source: https://ai.google.dev/api/generate-content#UsageMetadata
 */
export const usageMetadata = z
  .object({
    promptTokenCount: tokens,
    toolUsePromptTokenCount: tokens,
    cachedContentTokenCount: tokens,
    candidatesTokenCount: tokens,
    thoughtsTokenCount: tokens,
  })
  .nullish()
  .catch(null)
  .transform((usage): Usage | null =>
    usage
      ? {
          inputTokens: usage.promptTokenCount + usage.toolUsePromptTokenCount,
          outputTokens: usage.candidatesTokenCount + usage.thoughtsTokenCount,
          cachedTokens: usage.cachedContentTokenCount,
          reasoningTokens: usage.thoughtsTokenCount,
        }
      : null,
  );
