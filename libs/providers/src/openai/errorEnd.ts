import type { DecodedLine } from "@granary/domain";
import { isLimitCode } from "./jobEnd.ts";

type Ends = Extract<DecodedLine, { type: "error" }>["ends"];

/** Codes with which OpenAI declines what a prompt asks for. */
const POLICY_CODES: ReadonlySet<string> = new Set([
  "content_policy_violation",
  "content_filter",
  "invalid_prompt",
  "moderation_blocked",
  "safety_violation",
]);
/** Codes that name a passing fault of the provider, whatever status they come with. */
const PROVIDER_CODES: ReadonlySet<string> = new Set([
  "server_error",
  "internal_error",
  "vector_store_timeout",
]);
/** A request timed out, ran into another one, or came too early: none of these is its own fault. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 409, 425]);

/** How an item ends whose line carries an error: by the code first, then by the HTTP status, where there is one. */
export function errorEnd(code: string, status: number | null): Ends {
  if (code === "batch_expired") return "expired";
  if (code === "batch_cancelled" || code === "batch_canceled") return "cancelled";
  if (POLICY_CODES.has(code)) return "refused";
  if (status === 429 || isLimitCode(code) || code === "insufficient_quota") return "rate_limited";
  if (PROVIDER_CODES.has(code)) return "provider_error";
  if (status === null) return code.startsWith("invalid_") ? "invalid_request" : "provider_error";
  return status >= 400 && status < 500 && !PASSING_STATUSES.has(status)
    ? "invalid_request"
    : "provider_error";
}
