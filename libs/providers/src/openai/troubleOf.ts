import type { Trouble } from "@granary/domain";
import type { Failure } from "../failure.ts";
import { isAccountCode, isLimitCode } from "./jobEnd.ts";

/** What has to be done about a failed call that may be repeated. */
export function troubleOf({ status, providerCode, isUnsent }: Failure): Trouble {
  if (status === null) return isUnsent ? "unreachable" : "unavailable";
  if (isAccountCode(providerCode)) return "account";
  if (status === 429 || isLimitCode(providerCode)) return "limit";
  if (status === 401 || status === 402 || status === 403) return "account";
  if (status === 404) return "not_found";
  if (status === 408 || status === 409 || status === 425 || status >= 500 || status < 400)
    return "unavailable";
  return "request";
}
