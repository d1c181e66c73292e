/** Names of the canonical codes, by number. Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const NAMES: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** A status code by its name; an HTTP status, which some answers carry in its place, as it is. */
export function rpcName(code: number | string | null | undefined): string | null {
  if (typeof code === "string") return code === "" ? null : code;
  return code == null ? null : (NAMES[code] ?? String(code));
}
