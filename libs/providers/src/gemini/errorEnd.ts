import type { DecodedLine } from "@granary/domain";

type Ends = Extract<DecodedLine, { type: "error" }>["ends"];

/** By the names of https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const ENDS: Readonly<Record<string, Ends>> = {
  CANCELLED: "cancelled",
  UNKNOWN: "provider_error",
  INVALID_ARGUMENT: "invalid_request",
  DEADLINE_EXCEEDED: "provider_error",
  NOT_FOUND: "invalid_request",
  ALREADY_EXISTS: "invalid_request",
  PERMISSION_DENIED: "invalid_request",
  RESOURCE_EXHAUSTED: "rate_limited",
  FAILED_PRECONDITION: "invalid_request",
  ABORTED: "provider_error",
  OUT_OF_RANGE: "invalid_request",
  UNIMPLEMENTED: "invalid_request",
  INTERNAL: "provider_error",
  UNAVAILABLE: "provider_error",
  DATA_LOSS: "provider_error",
  UNAUTHENTICATED: "invalid_request",
};
const EXPIRED = /\b(?:batch|job|request)\b.{0,60}\bexpired\b/is;

/** How an item ends whose line carries an error, by the code's name, or by the HTTP status that stands in its place. */
export function errorEnd(code: string, message: string): Ends {
  if (code === "EXPIRED" || EXPIRED.test(message)) return "expired";
  if (Object.hasOwn(ENDS, code)) return ENDS[code] ?? "provider_error";
  const status = Number(code);
  if (status === 429) return "rate_limited";
  if (status === 499) return "cancelled";
  return status >= 400 && status < 500 && status !== 408 && status !== 409
    ? "invalid_request"
    : "provider_error";
}
