import type { FailureReason, OutcomeStatus, TaskDoc, VerdictRow } from "@granary/domain";
import { canonicalJson, isRetryable } from "@granary/domain";
import type { Rejudged } from "./rejudge.ts";

/** What is wrong with a row, held against its raw line parsed again; null where it is right. */
export function faultOfArrived(row: VerdictRow, line: Rejudged, task: TaskDoc): string | null {
  if (canonicalJson(row.rawRef) !== canonicalJson(line.ref))
    return `names ${place(row.rawRef)}, its line lies at ${place(line.ref)}`;
  if (canonicalJson(row.usage) !== canonicalJson(line.usage)) return "has another usage than its raw line";
  if ((row.finish ?? null) !== (line.finish ?? null))
    return `finished with ${row.finish ?? "nothing"}, its raw line with ${line.finish ?? "nothing"}`;
  if (row.reason === "over_budget")
    return isRetryable(line.status, line.reason, { byDeadline: false })
      ? null
      : `failed as over_budget, its raw line (${told(line)}) would not have travelled again`;
  // Without its schema an answer is only known to be one: it may be good or not.
  if (!line.answerChecked && line.status === "succeeded")
    return row.status === "succeeded" || row.reason === "invalid_output" || row.reason === "truncated"
      ? null
      : `is ${told(row)}, its raw line is an answer`;
  if (!sameStatus(row, line, task)) return `is ${told(row)}, its raw line says ${told(line)}`;
  if ((row.error?.code ?? null) !== (line.code ?? null))
    return `has the error ${row.error?.code ?? "none"}, its raw line ${line.code ?? "none"}`;
  if (row.output === undefined)
    return typeof line.answer === "string" && line.answer.length * 2 <= SURELY_SHORT
      ? "lacks the answer its raw line has"
      : null;
  const answer = canonicalJson(row.output);
  return (typeof line.answer === "number" ? answer.length : answer) === line.answer
    ? null
    : "has another answer than its raw line";
}

/** A text this long or shorter is in its row, however its length is counted. */
const SURELY_SHORT = 2048;

/** A task may have been ended after its lines were judged: what we cancelled is then one or the other. */
function sameStatus(
  row: { readonly status: OutcomeStatus; readonly reason?: FailureReason | undefined },
  line: { readonly status: OutcomeStatus; readonly reason?: FailureReason | undefined },
  task: TaskDoc,
): boolean {
  if (row.status === line.status && row.reason === line.reason) return true;
  return task.end !== null && isCut(row.status) && isCut(line.status);
}

function isCut(status: OutcomeStatus): boolean {
  return status === "cancelled" || status === "expired";
}

/** What is wrong with the row of a line that did not arrive; null where it is right. */
export function faultOfAbsent(row: VerdictRow, task: TaskDoc): string | null {
  if (row.rawRef) return `names ${place(row.rawRef)}, where its line is not`;
  if (row.output !== undefined || row.status === "succeeded") return "has an answer, and no line came";
  const expected = absentEnds(row.line, task);
  if (row.reason === "over_budget")
    return expected.some(([status, reason]) => isRetryable(status, reason, { byDeadline: false }))
      ? null
      : "failed as over_budget, and would not have travelled again";
  return expected.some(([status, reason]) => row.status === status && row.reason === reason)
    ? null
    : `is ${told(row)}, and no line came of a job that ${jobTold(task)}`;
}

type End = readonly [OutcomeStatus, FailureReason | undefined];

/** The ways in which an item without a line may end, by what ended the job. */
function absentEnds(line: number, task: TaskDoc): readonly End[] {
  const cut: readonly End[] = [
    ["cancelled", undefined],
    ["expired", undefined],
  ];
  const failed = task.noFetch === null && task.view?.status === "failed";
  if (task.noFetch === "job_rejected" || failed) {
    const named = failed && task.view?.errors.some((error) => error.line === line + 1);
    // A rejected line whose request has ended meanwhile ends as the request did.
    return [["failed", named ? "invalid_request" : "job_rejected"], ["failed", "job_rejected"], ...cut];
  }
  if (task.noFetch === "job_lost") return [["failed", "job_lost"]];
  if (task.noFetch === "results_unavailable") return [["failed", "unavailable"]];
  if (task.noFetch === "ended" || task.view?.status === "cancelled") return cut;
  if (task.view?.status === "expired") return [["expired", undefined]];
  return [["failed", "missing"]];
}

function jobTold(task: TaskDoc): string {
  return task.noFetch ?? task.view?.status ?? "was not seen";
}

function told({ status, reason }: { readonly status: string; readonly reason?: string | undefined }): string {
  return reason ? `${status} (${reason})` : status;
}

function place(ref: VerdictRow["rawRef"]): string {
  return ref ? `${ref.path} at ${ref.offset}, ${ref.length} bytes` : "no line";
}
