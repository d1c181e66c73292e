import { isTerminal, type JobSnapshot } from "@granary/domain";
import { UNCODED } from "./jobSnapshot.ts";

/**
 * Whether a job's files and counts are all there. OpenAI may say `completed` with counts and no file yet
 * (openai/openai-python issue threads): a job whose counts ask for a file that is not named is not settled.
 * The caller waits for a while, and then takes what there is.
 */
export function isSettled({ status, counts, files }: JobSnapshot): boolean {
  if (!isTerminal(status)) return false;
  if (!counts) return status !== "completed" || files.results !== undefined || files.errors !== undefined;
  if (counts.completed > 0 && files.results === undefined) return false;
  // A job that failed as a whole names its faults in `errors`, not in a file.
  if (status === "failed") return true;
  if (counts.failed > 0 && files.errors === undefined) return false;
  return status !== "completed" || (counts.total > 0 && counts.completed + counts.failed >= counts.total);
}

const LIMIT_CODES: ReadonlySet<string> = new Set([
  "token_limit_exceeded",
  "rate_limit_exceeded",
  "request_limit_exceeded",
  "too_many_requests",
  "batch_limit_exceeded",
]);
const ACCOUNT_CODES: ReadonlySet<string> = new Set([
  "insufficient_quota",
  "billing_hard_limit_reached",
  "billing_not_active",
  "access_terminated",
  "account_deactivated",
  "invalid_api_key",
  "model_not_allowed",
]);

/** Whether a code means that the account has too much in the queue, or is too fast: later it works. */
export function isLimitCode(code: string | null): boolean {
  return code !== null && LIMIT_CODES.has(code);
}

/** Whether a code means that a person must look after the account: its key, its quota, its bill. */
export function isAccountCode(code: string | null): boolean {
  return code !== null && ACCOUNT_CODES.has(code);
}

/** A file that was deleted or had expired when the job came to read it: with a new file it works. */
const FILE_GONE =
  /no such file|file (?:object )?(?:\S+ )?(?:was |has |is )?(?:not found|(?:been )?deleted|expired|does(?: not|n't) exist)|(?:could not|cannot|unable to) (?:find|access|download) (?:the )?(?:input )?file/i;

/** Whether a message says that the input file is not there (any more). */
export function isFileGone(code: string | null, message: string): boolean {
  return code === "file_not_found" || code === "input_file_not_found" || FILE_GONE.test(message);
}

/** Endpoints that give a sentence and no code often have the code in it. */
const CODE_IN_WORDS = /[a-z]+(?:_[a-z]+)+/g;

/**
 * Why a job failed as a whole. A missing input file counts as a limit: the lines are sound and travel again.
 * Anything unknown is the content's fault, because that is the one way that comes to an end by itself.
 */
export function rejectionOf({ errors }: JobSnapshot): "limit" | "account" | "request" {
  const codes = errors.flatMap(({ code, message }) =>
    code === UNCODED ? (message.match(CODE_IN_WORDS) ?? []) : [code],
  );
  if (codes.some(isAccountCode)) return "account";
  if (codes.some(isLimitCode) || errors.some(({ code, message }) => isFileGone(code, message)))
    return "limit";
  return "request";
}
