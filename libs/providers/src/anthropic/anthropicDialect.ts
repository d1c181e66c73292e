import type { Dialect, JobLimits } from "@granary/domain";
import { decodeLine } from "./decodeLine.ts";
import { encodeLine } from "./encodeLine.ts";
import { MESSAGES } from "./endpoints.ts";
import { estimateTokens } from "./estimateTokens.ts";
import { itemFaults } from "./itemFaults.ts";
import { isSettled, rejectionOf } from "./jobEnd.ts";
import { lineDrift } from "./knownFields.ts";
import { schemaFaults } from "./schemaFaults.ts";

/**
 * Limits of one batch: 100,000 requests or 256 MB, of which a little is left for what stands around the lines; of a
 * line: what one request may hold, 32 MB. Sources: https://platform.claude.com/docs/en/build-with-claude/batch-processing,
 * https://platform.claude.com/docs/en/api/errors#request-size-limits. Requests in the queue depend on the account's
 * tier; there is no limit of tokens, so that one only stands for "as the account's configuration says".
 */
export const ANTHROPIC_LIMITS: JobLimits = {
  lines: 100_000,
  bytes: 255_999_000,
  lineBytes: 32_000_000,
  tokens: 1_000_000_000,
};

/** Anthropic's message batches. `limits` replaces single values, for an account's own quota. */
export function anthropicDialect({ limits = {} }: { readonly limits?: Partial<JobLimits> } = {}): Dialect {
  return {
    provider: "anthropic",
    limits: { ...ANTHROPIC_LIMITS, ...limits },
    endpoints: [MESSAGES],
    tags: "hidden",
    schemaFaults,
    itemFaults,
    travels: () => "body",
    encode: encodeLine,
    estimate: estimateTokens,
    decode: decodeLine,
    drift: lineDrift,
    settled: isSettled,
    rejection: rejectionOf,
  };
}
