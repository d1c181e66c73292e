import { INPUT_FILE_GONE, type Refusal } from "../createAnswer.ts";
import type { Failure } from "../failure.ts";
import { isAccountCode, isFileGone, isLimitCode } from "./jobEnd.ts";

const MODEL_MISSING = /\bmodels?\b/i;

/**
 * The closed list of failures that say "not created". All else (408, 409, 5xx, redirects, a reset, a time-out) is
 * not on it. A wrong key is answered with 400 and the reason `API_KEY_INVALID`. Whatever quota is spent, it is
 * `RESOURCE_EXHAUSTED`, with the same message about plan and billing: so it is a limit, which is tried again.
 * Source: https://ai.google.dev/gemini-api/docs/troubleshooting
 */
export function refusalOf({ status, providerCode, message, isUnsent }: Failure): Refusal | null {
  if (isUnsent) return { why: "unreachable" };
  switch (status) {
    case 429:
      return { why: isAccountCode(providerCode) ? "account" : "limit" };
    case 400:
    case 401:
    case 402:
    case 403:
    case 404:
    case 413:
    case 422:
      // The lines are sound. `request` would end every item, so this is told apart, to be uploaded again.
      if (isFileGone(message)) return { why: "unreachable", code: INPUT_FILE_GONE };
      if (isLimitCode(providerCode)) return { why: "limit" };
      if (isAccountCode(providerCode) || (status >= 401 && status <= 403)) return { why: "account" };
      if (status === 404) return { why: providerCode && MODEL_MISSING.test(message) ? "request" : "account" };
      return { why: "request" };
    case null:
    default:
      return null;
  }
}
