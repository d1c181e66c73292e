import type { Trouble } from "@granary/domain";
import type { Failure } from "../failure.ts";
import { isAccountCode, isLimitCode } from "./jobEnd.ts";

/** What has to be done about a failed call that may be repeated. */
export function troubleOf({ status, providerCode, isUnsent, isPage = false }: Failure): Trouble {
  if (status === null) return isUnsent ? "unreachable" : "unavailable";
  if (isAccountCode(providerCode)) return "account";
  if (status === 429 || isLimitCode(providerCode)) return "limit";
  if (status === 401 || status === 402 || status === 403) return "account";
  // A page that is not there proves nothing about a job or a file: the base URL is wrong.
  if (status === 404) return isPage ? "account" : "not_found";
  if (status === 408 || status === 409 || status === 425 || status >= 500 || status < 400)
    return "unavailable";
  return "request";
}
