import type { Dialect, JobLimits } from "@granary/domain";
import { decodeLine } from "./decodeLine.ts";
import { encodeLine } from "./encodeLine.ts";
import { GENERATE_CONTENT } from "./endpoints.ts";
import { estimateTokens } from "./estimateTokens.ts";
import { itemFaults } from "./itemFaults.ts";
import { isSettled, rejectionOf } from "./jobEnd.ts";
import { lineDrift } from "./knownFields.ts";
import { schemaFaults } from "./schemaFaults.ts";

/**
 * Limits of one batch. Bytes: https://ai.google.dev/gemini-api/docs/batch-api (2 GB a file); of a line: what one
 * request may hold, https://ai.google.dev/gemini-api/docs/files. Gemini states no number of lines: this one is ours.
 * Enqueued tokens depend on the account's tier and model, so that one only stands for "as the account's
 * configuration says".
 */
export const GEMINI_LIMITS: JobLimits = {
  lines: 50_000,
  bytes: 2_000_000_000,
  lineBytes: 20_000_000,
  tokens: 1_000_000_000,
};

/**
 * What travels in the create itself: less than the 20 MB that a body may have, with room for what stands around the
 * lines, and few lines, because their answers come in every look at the job.
 */
const INLINE = { lines: 100, bytes: 18_000_000 };

/** The Gemini API's batch format. `limits` replaces single values, for an account's own quota. */
export function geminiDialect({ limits = {} }: { readonly limits?: Partial<JobLimits> } = {}): Dialect {
  return {
    provider: "gemini",
    limits: { ...GEMINI_LIMITS, ...limits },
    endpoints: [GENERATE_CONTENT],
    tags: "shown",
    schemaFaults,
    itemFaults,
    travels: ({ lines, bytes }) => (lines <= INLINE.lines && bytes <= INLINE.bytes ? "body" : "file"),
    encode: encodeLine,
    estimate: estimateTokens,
    decode: decodeLine,
    drift: lineDrift,
    settled: isSettled,
    rejection: rejectionOf,
  };
}
