import type { Refusal } from "../createAnswer.ts";
import type { Failure } from "../failure.ts";
import { isAccount, isLimitCode } from "./jobEnd.ts";

const MODEL_MISSING = /\bmodels?\b/i;

/**
 * The closed list of failures that say "not created". All else (408, 409, 5xx and 529, redirects, a reset, a
 * time-out, a body that broke off) is not on it. Source: https://platform.claude.com/docs/en/api/errors
 */
export function refusalOf({ status, providerCode, message, isUnsent }: Failure): Refusal | null {
  if (isUnsent) return { why: "unreachable" };
  switch (status) {
    case 429:
      return { why: isAccount(providerCode, message) ? "account" : "limit" };
    case 400:
    case 401:
    case 402:
    case 403:
    case 404:
    case 413:
    case 422:
      if (isAccount(providerCode, message)) return { why: "account" };
      if (isLimitCode(providerCode)) return { why: "limit" };
      if (status >= 401 && status <= 403) return { why: "account" };
      if (status === 404) return { why: providerCode && MODEL_MISSING.test(message) ? "request" : "account" };
      return { why: "request" };
    case null:
    default:
      return null;
  }
}
