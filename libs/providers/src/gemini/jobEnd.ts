import { isTerminal, type JobSnapshot } from "@granary/domain";

/**
 * Whether a job's results and counts are all there. Gemini may say SUCCEEDED before it names the output (issue
 * threads of its SDKs). Lines that failed stand in the same file, so one file is all there is.
 */
export function isSettled({ status, counts, files }: JobSnapshot): boolean {
  if (!isTerminal(status)) return false;
  if (status === "failed") return true;
  const hasResults = files.results !== undefined;
  if (!counts) return status !== "completed" || hasResults;
  const done = counts.completed + counts.failed;
  if (done > 0 && !hasResults) return false;
  return status !== "completed" || (hasResults && done >= counts.total);
}

/** Source: https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto */
const ACCOUNT_CODES: ReadonlySet<string> = new Set([
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "API_KEY_INVALID",
  "API_KEY_EXPIRED",
  "API_KEY_SERVICE_BLOCKED",
  "API_KEY_HTTP_REFERRER_BLOCKED",
  "API_KEY_IP_ADDRESS_BLOCKED",
  "API_KEY_ANDROID_APP_BLOCKED",
  "API_KEY_IOS_APP_BLOCKED",
  "ACCESS_TOKEN_EXPIRED",
  "ACCOUNT_STATE_INVALID",
  "BILLING_DISABLED",
  "CONSUMER_INVALID",
  "CONSUMER_SUSPENDED",
  "CREDENTIALS_MISSING",
  "LOCATION_POLICY_VIOLATED",
  "SERVICE_DISABLED",
  "USER_PROJECT_DENIED",
  // "The free tier is not available in your country", "enable billing": https://ai.google.dev/gemini-api/docs/troubleshooting
  "FAILED_PRECONDITION",
]);
const LIMIT_CODES: ReadonlySet<string> = new Set([
  "RESOURCE_EXHAUSTED",
  "RATE_LIMIT_EXCEEDED",
  "RESOURCE_QUOTA_EXCEEDED",
]);

/** Whether a code means that a person must look after the account: its key, its project, its bill. */
export function isAccountCode(code: string | null): boolean {
  return code !== null && ACCOUNT_CODES.has(code);
}

/** Whether a code means that the account has too much in the queue, or is too fast: later it works. */
export function isLimitCode(code: string | null): boolean {
  return code !== null && LIMIT_CODES.has(code);
}

/** Gemini does not say "not found" of a file that is gone, or another project's, but 403 and this. */
const MAY_NOT_EXIST = /permission to access .{1,200}or it may not exist/is;
const FILE_GONE =
  /\bfiles?\b.{0,200}(?:not found|(?:does|do) not exist|may not exist|(?:was |been |is )?(?:deleted|expired))|(?:could not|cannot|unable to) (?:find|access|read) (?:the )?(?:input )?file/is;

/** Whether a message says that what was asked for is not there under this account. */
export function isAbsent(message: string): boolean {
  return MAY_NOT_EXIST.test(message);
}

/** Whether a message says that the input file is not there (any more). */
export function isFileGone(message: string): boolean {
  return FILE_GONE.test(message);
}

/**
 * Why a job failed as a whole. A missing input file counts as a limit: the lines are sound and travel again.
 * Anything unknown is the content's fault, because that is the one way that comes to an end by itself.
 */
export function rejectionOf({ errors }: JobSnapshot): "limit" | "account" | "request" {
  if (errors.some(({ code, message }) => isLimitCode(code) || isFileGone(message))) return "limit";
  if (errors.some(({ code }) => isAccountCode(code))) return "account";
  return "request";
}
