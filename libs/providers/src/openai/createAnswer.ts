import type { CreateAnswer } from "@granary/domain";
import type { Failure } from "./failure.ts";
import { isAccountCode, isFileGone, isLimitCode } from "./jobEnd.ts";

type Refused = Extract<CreateAnswer, { type: "refused" }>;

/** The code of a refusal because the input file is not there (any more): a new upload heals it. */
export const INPUT_FILE_GONE = "input_file_gone";

/**
 * What became of a create that failed, by a closed list. Only an answer that says "not created" is `refused`;
 * all else (408, 409, 5xx, redirects, a reset, a time-out) is `unknown`, because the job may be there.
 */
export function createAnswer(failure: Failure): Exclude<CreateAnswer, { type: "created" }> {
  const refusal = refusalOf(failure);
  const { code, message, retryAfterMs } = failure;
  if (!refusal) return { type: "unknown", code, message };
  return {
    type: "refused",
    code,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...refusal,
  };
}

function refusalOf({
  status,
  providerCode,
  message,
  isUnsent,
}: Failure): Pick<Refused, "why"> | (Pick<Refused, "why"> & { code: string }) | null {
  if (isUnsent) return { why: "unreachable" };
  switch (status) {
    case 429:
      return { why: isAccountCode(providerCode) ? "account" : "limit" };
    case 401:
    case 402:
    case 403:
      return { why: isLimitCode(providerCode) ? "limit" : "account" };
    case 400:
    case 404:
    case 413:
    case 422:
      if (isAccountCode(providerCode)) return { why: "account" };
      if (isLimitCode(providerCode)) return { why: "limit" };
      // The lines are sound. `request` would end every item, so this is told apart, to be uploaded again.
      if (isFileGone(providerCode, message)) return { why: "unreachable", code: INPUT_FILE_GONE };
      return { why: status === 404 && providerCode !== "model_not_found" ? "account" : "request" };
    case null:
    default:
      return null;
  }
}
