import type { Dialect, JobLimits } from "@granary/domain";
import { decodeLine } from "./decodeLine.ts";
import { encodeLine } from "./encodeLine.ts";
import { estimateTokens } from "./estimateTokens.ts";
import { itemFaults } from "./itemFaults.ts";
import { rejectionOf, isSettled } from "./jobEnd.ts";
import { lineDrift } from "./knownFields.ts";
import { endpointsOf, pathOf, type OpenAIWire } from "./openaiWire.ts";
import { schemaFaults } from "./schemaFaults.ts";

/**
 * Limits of one batch. Lines and bytes: https://developers.openai.com/api/docs/guides/batch. OpenAI states no
 * limit of a line: 4 MB is about what fills a context of a million tokens. Enqueued tokens depend on the
 * account's tier and model, so this one only stands for "as the account's configuration says".
 */
export const OPENAI_LIMITS: JobLimits = {
  lines: 50_000,
  bytes: 200_000_000,
  lineBytes: 4_000_000,
  tokens: 1_000_000_000,
};

/**
 * OpenAI's batch format, which other providers speak too: for those `wire` says what differs, and for an account's
 * own quota `limits` replaces single values. Throws where `wire` offers no endpoint.
 */
export function openaiDialect({
  limits = {},
  wire = {},
}: { readonly limits?: Partial<JobLimits>; readonly wire?: OpenAIWire } = {}): Dialect {
  return {
    provider: "openai",
    limits: { ...OPENAI_LIMITS, ...limits },
    endpoints: endpointsOf(wire),
    tags: "shown",
    schemaFaults,
    itemFaults,
    travels: () => "file",
    encode: (item, context, customId) =>
      encodeLine(item, context, customId, {
        url: pathOf(wire, context.endpoint),
        maxTokensParam: wire.maxTokensParam ?? "max_completion_tokens",
      }),
    estimate: estimateTokens,
    decode: decodeLine,
    drift: lineDrift,
    settled: isSettled,
    rejection: rejectionOf,
  };
}
