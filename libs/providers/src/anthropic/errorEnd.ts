import type { DecodedLine } from "@granary/domain";

type Ends = Extract<DecodedLine, { type: "error" }>["ends"];

/** By the types of https://platform.claude.com/docs/en/api/errors. All that is not here is the provider's own fault. */
const ENDS: Readonly<Record<string, Ends>> = {
  invalid_request_error: "invalid_request",
  request_too_large: "invalid_request",
  not_found_error: "invalid_request",
  authentication_error: "invalid_request",
  permission_error: "invalid_request",
  // As with a quota that is spent: the line is sound.
  billing_error: "rate_limited",
  rate_limit_error: "rate_limited",
};

/** How an item ends whose line carries an error. */
export function errorEnd(type: string): Ends {
  return Object.hasOwn(ENDS, type) ? (ENDS[type] ?? "provider_error") : "provider_error";
}
