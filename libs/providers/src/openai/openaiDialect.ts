import type { Dialect, JobLimits } from "@granary/domain";
import { decodeLine } from "./decodeLine.ts";
import { encodeLine } from "./encodeLine.ts";
import { CHAT, RESPONSES } from "./endpoints.ts";
import { estimateTokens } from "./estimateTokens.ts";
import { itemFaults } from "./itemFaults.ts";
import { rejectionOf, isSettled } from "./jobEnd.ts";
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
 * OpenAI's batch format, which other providers speak too: for those, and for an account's own quota, `limits`
 * replaces single values.
 */
export function openaiDialect({ limits = {} }: { readonly limits?: Partial<JobLimits> } = {}): Dialect {
  return {
    provider: "openai",
    limits: { ...OPENAI_LIMITS, ...limits },
    endpoints: [CHAT, RESPONSES],
    schemaFaults,
    itemFaults,
    travels: () => "file",
    encode: encodeLine,
    estimate: estimateTokens,
    decode: decodeLine,
    settled: isSettled,
    rejection: rejectionOf,
  };
}
