import { INPUT_FILE_GONE, type Refusal } from "../createAnswer.ts";
import type { Failure } from "../failure.ts";
import { isAccountCode, isFileGone, isLimitCode } from "./jobEnd.ts";

/**
 * The closed list of failures that say "not created". All else (408, 409, 5xx, redirects, a reset, a time-out) is
 * not on it.
 */
export function refusalOf({ status, providerCode, message, isUnsent }: Failure): Refusal | null {
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
