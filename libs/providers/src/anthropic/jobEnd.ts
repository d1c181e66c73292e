import { isTerminal, type JobSnapshot } from "@granary/domain";

/**
 * Whether a job's results and counts are all there: a batch has answered 404 for its results shortly after it ended
 * (issue threads). Counts move only at the end, and with the results.
 */
export function isSettled({ status, counts, files }: JobSnapshot): boolean {
  return isTerminal(status) && counts !== null && files.results !== undefined;
}

/** Types and codes of https://platform.claude.com/docs/en/api/errors, and of the SDK's own list of codes. */
const ACCOUNT_CODES: ReadonlySet<string> = new Set([
  "authentication_error",
  "permission_error",
  "billing_error",
  "organization_on_hold",
  "claude_code_key_creator_not_member",
  "cmek_key_disabled",
  "contract_spend_limit_reached",
  "enforced_spend_limit_reached",
]);
const LIMIT_CODES: ReadonlySet<string> = new Set(["rate_limit_error", "ramp_limit_exceeded"]);
/** Comes as an invalid request. */
const NO_CREDIT = /credit balance is too low/i;

/** Whether a failure means that a person must look after the account: its key, its organization, its bill. */
export function isAccount(code: string | null, message: string): boolean {
  return (code !== null && ACCOUNT_CODES.has(code)) || NO_CREDIT.test(message);
}

/** Whether a code means that the account is too fast: later it works. */
export function isLimitCode(code: string | null): boolean {
  return code !== null && LIMIT_CODES.has(code);
}

/** Why a job failed as a whole. Message batches never do: their lines fail, each by itself. */
export function rejectionOf({ errors }: JobSnapshot): "limit" | "account" | "request" {
  if (errors.some(({ code, message }) => isAccount(code, message))) return "account";
  return errors.some(({ code }) => isLimitCode(code)) ? "limit" : "request";
}
