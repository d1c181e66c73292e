/** The judgement of every line of a task: pure, so that the same files always give the same verdicts. */
import type { DecodedLine } from "./batchProvider.ts";
import type { Slice, TaskDoc } from "./documents.ts";
import type { FailureReason, LineRef, Outcome, OutcomeStatus, Usage } from "./outcome.ts";
import { NO_USAGE } from "./outcome.ts";
import { parseSliceId } from "./ids.ts";
import { decideRetry } from "./retryPolicy.ts";
import type { RetryInput } from "./retryPolicy.ts";

/** What is decided about one line. A row of the verdicts file; there is no clock in it. */
export interface VerdictRow {
  readonly line: number;
  readonly slice: string;
  readonly ordinal: number;
  readonly attempt: number;
  /** `retry`: the item travels again; its status tells why. */
  readonly end: "final" | "retry";
  readonly status: OutcomeStatus;
  readonly reason?: FailureReason;
  readonly error?: { readonly code: string; readonly message: string };
  readonly finish?: string;
  readonly usage: Usage;
  readonly costMicros: number | null;
  readonly output?: unknown;
  /** Where the raw line lies, if there is one. */
  readonly rawRef?: LineRef;
  /** This attempt does not count: the job never ran. */
  readonly free?: true;
  /** Travel apart from other requests next time: this job was rejected for somebody's content. */
  readonly solo?: true;
  /** A deadline or a time-out of ours ended it. */
  readonly cutBy?: "deadline" | "timeout";
}

/** A judgement before retry policy and price. */
export interface Judgement {
  readonly status: OutcomeStatus;
  readonly reason?: FailureReason;
  readonly error?: { readonly code: string; readonly message: string };
  readonly finish?: string;
  readonly output?: unknown;
  readonly usage: Usage;
  readonly again?: "free" | "solo" | undefined;
}

/** Checks an answer's text against the request's schema. */
export type OutputValidator = (
  text: string,
) => { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

const MESSAGE_LIMIT = 500;
const errorOf = (code: string, message: string): { code: string; message: string } => ({
  code: code.slice(0, 100),
  message: message.slice(0, MESSAGE_LIMIT),
});

/** Judges a line that arrived. `validate` is null where plain text was asked for. */
export function judgeLine(
  line: DecodedLine,
  validate: OutputValidator | null,
  end: TaskDoc["end"],
): Judgement {
  switch (line.type) {
    case "unparseable":
      return {
        status: "failed",
        reason: "unparseable",
        error: errorOf("unparseable", line.message),
        usage: NO_USAGE,
      };
    case "error": {
      const usage = line.usage ?? NO_USAGE;
      const error = errorOf(line.code, line.message);
      if (line.ends === "expired") return { status: "expired", error, usage };
      if (line.ends === "cancelled") return { status: cutStatus(end), error, usage };
      return { status: "failed", reason: line.ends, error, usage };
    }
    case "answer":
      return judgeAnswer(line, validate);
  }
}

function judgeAnswer(
  { finish, text, usage }: Extract<DecodedLine, { type: "answer" }>,
  validate: OutputValidator | null,
): Judgement {
  if (finish === "refusal" || finish === "content_filter")
    return {
      status: "failed",
      reason: "refused",
      error: errorOf(finish, text ?? "the model refused to answer"),
      finish,
      usage,
    };
  if (!validate || finish === "tool_calls") return { status: "succeeded", finish, output: text ?? "", usage };
  if (finish === "length")
    return {
      status: "failed",
      reason: "truncated",
      error: errorOf("length", "the answer was cut off before it was complete"),
      finish,
      usage,
    };
  const checked = validate(text ?? "");
  return checked.ok
    ? { status: "succeeded", finish, output: checked.value, usage }
    : {
        status: "failed",
        reason: "invalid_output",
        error: errorOf("schema", checked.message),
        finish,
        usage,
      };
}

/** A job that was cancelled because we ran out of time did not end because somebody changed their mind. */
function cutStatus(end: TaskDoc["end"]): OutcomeStatus {
  return end && end.why !== "cancelled" ? "expired" : "cancelled";
}

/** What a job that failed as a whole says about its lines. */
export interface Rejection {
  readonly why: "limit" | "account" | "request";
  readonly code: string;
  readonly message: string;
  /** Lines the provider named, counted from 0, each with its fault. */
  readonly named: ReadonlyMap<number, { readonly code: string; readonly message: string }>;
}

/** Judges a line that did not arrive, by what ended the job. */
export function judgeAbsent(
  task: Pick<TaskDoc, "noFetch" | "view" | "end" | "request" | "lastError">,
  line: number,
  rejection: Rejection | null,
): Judgement {
  if (rejection) return judgeRejected(task, line, rejection);
  if (task.noFetch === "job_lost")
    return {
      status: "failed",
      reason: "job_lost",
      error: errorOf("job_lost", "the provider no longer knows the job"),
      usage: NO_USAGE,
    };
  if (task.noFetch === "results_unavailable")
    return {
      status: "failed",
      reason: "unavailable",
      error: errorOf("unavailable", "the provider no longer keeps the job's results"),
      usage: NO_USAGE,
    };
  if (task.noFetch === "ended" || task.view?.status === "cancelled")
    return { status: cutStatus(task.end), usage: NO_USAGE };
  if (task.view?.status === "expired") return { status: "expired", usage: NO_USAGE };
  return {
    status: "failed",
    reason: "missing",
    error: errorOf("missing", "the provider's result files have no line for this item"),
    usage: NO_USAGE,
  };
}

function judgeRejected(task: Pick<TaskDoc, "request">, line: number, rejection: Rejection): Judgement {
  const error = errorOf(rejection.code, rejection.message);
  // Nothing is wrong with the lines: they travel again at no cost of an attempt.
  if (rejection.why !== "request")
    return { status: "failed", reason: "job_rejected", error, usage: NO_USAGE, again: "free" };
  const named = rejection.named.get(line);
  if (named)
    return {
      status: "failed",
      reason: "invalid_request",
      error: errorOf(named.code, named.message),
      usage: NO_USAGE,
    };
  if (rejection.named.size > 0 || task.request === null)
    return { status: "failed", reason: "job_rejected", error, usage: NO_USAGE, again: "solo" };
  return { status: "failed", reason: "job_rejected", error, usage: NO_USAGE };
}

/** What a verdict depends on besides the line. */
export interface RetryContext extends Pick<
  RetryInput,
  "policy" | "spentMicros" | "retryEstimateMicros" | "maxCostMicros"
> {
  /** The request or the task was ended: nothing travels again. */
  readonly ended: TaskDoc["end"];
}

const LAST_GENERATION = 999;

/** Turns a judgement into a row: does the item travel again? */
export function verdictRow(
  at: { readonly line: number; readonly slice: Pick<Slice, "id" | "attempts">; readonly ordinal: number },
  { again, output, ...judged }: Judgement,
  costMicros: number | null,
  context: RetryContext,
  rawRef: LineRef | undefined,
): VerdictRow {
  const attempt = at.slice.attempts + 1;
  const cut = context.ended && context.ended.why !== "cancelled" ? context.ended.why : null;
  const row = {
    line: at.line,
    slice: at.slice.id,
    ordinal: at.ordinal,
    attempt,
    ...judged,
    ...(output !== undefined && fitsInline(output) ? { output } : {}),
    costMicros,
    ...(rawRef ? { rawRef } : {}),
    ...(cut && judged.status === "expired" ? { cutBy: cut } : {}),
  };
  // A time-out of ours ends the job, not the request: its items may travel again.
  const endedBy = context.ended && context.ended.why !== "timeout" ? context.ended.why : null;
  if (again && endedBy) {
    // The rejected line of a request that has ended is no failure of its own.
    const { reason: _reason, ...rest } = row;
    return { ...rest, end: "final", status: cutStatus(context.ended), ...(cut ? { cutBy: cut } : {}) };
  }
  // Journeys that cost no attempt have an end, too: a slice's id has room for this many generations.
  const last = parseSliceId(at.slice.id).generation >= LAST_GENERATION;
  if (again && last) return { ...row, end: "final" };
  if (again) return { ...row, end: "retry", free: true, ...(again === "solo" ? { solo: true } : {}) };
  const decided = decideRetry({
    ...context,
    status: judged.status,
    reason: judged.reason,
    attempts: at.slice.attempts,
    end: endedBy,
  });
  if (decided.end === "retry") return { ...row, end: last ? "final" : "retry" };
  if (decided.reason !== "over_budget") return { ...row, end: "final" };
  const error = errorOf("over_budget", "another attempt would pass the request's maxCostUsd");
  return { ...row, end: "final", status: "failed", reason: "over_budget", error };
}

/** Longest output, as JSON text, that is kept in the row itself; longer ones are read from the raw line. */
const INLINE_OUTPUT = 4096;

function fitsInline(output: unknown): boolean {
  // A character is at most six as JSON: most strings need no look at their encoding.
  if (typeof output === "string" && output.length * 6 <= INLINE_OUTPUT) return true;
  if (typeof output === "string" && output.length > INLINE_OUTPUT) return false;
  return (JSON.stringify(output) ?? "").length <= INLINE_OUTPUT;
}

/** The outcome a final row stands for. */
export function outcomeOf(row: VerdictRow, taskId: string, revision: number): Outcome {
  return {
    request: parseSliceId(row.slice).request,
    ordinal: row.ordinal,
    status: row.status,
    ...(row.reason ? { reason: row.reason } : {}),
    ...(row.error ? { error: row.error } : {}),
    ...(row.finish ? { finish: row.finish } : {}),
    usage: row.usage,
    costMicros: row.costMicros,
    ...(row.output === undefined ? {} : { output: row.output }),
    ...(row.rawRef ? { ref: row.rawRef } : {}),
    taskId,
    attempt: row.attempt,
    revision,
  };
}
