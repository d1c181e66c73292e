/**
 * The life of a task: what each command leads to in each state. Nothing here reads a clock; commands carry `at`.
 * A repeated command yields no events; a command the state forbids throws IllegalTransition.
 */
import type { CreateAnswer, JobSnapshot } from "./batchProvider.ts";
import { isTerminal } from "./batchProvider.ts";
import type {
  ArtifactRef,
  Intent,
  LastError,
  ProviderView,
  RawFile,
  Revision,
  TaskDoc,
  TaskResult,
  VerdictsRef,
  WaitsFor,
} from "./documents.ts";
import { IllegalTransition } from "./errors.ts";
import { heldJobOf, isProvisional } from "./heldJob.ts";
import { totalOf } from "./outcome.ts";
import { hasFilesToRemove, isHarvested, providerFilesOf } from "./providerFiles.ts";

/** What the packer found placed in a task, when it seals it. */
export type Carried = Pick<
  TaskDoc,
  | "lines"
  | "bytes"
  | "tokens"
  | "estimateMicros"
  | "bySource"
  | "request"
  | "requests"
  | "sliceCount"
  | "traceparent"
  | "traces"
>;

export type TaskCommand =
  | { readonly type: "seal"; readonly at: number; readonly manifest: ArtifactRef; readonly carried: Carried }
  | { readonly type: "void"; readonly at: number }
  | { readonly type: "endVoid"; readonly at: number }
  | { readonly type: "hold"; readonly waitsFor: WaitsFor; readonly error?: LastError }
  | { readonly type: "admit" }
  | { readonly type: "recordFile"; readonly file: NonNullable<TaskDoc["file"]> }
  | { readonly type: "recordIntent"; readonly intent: Omit<Intent, "revokedAt" | "revokedSeq"> }
  | {
      readonly type: "recordAnswer";
      readonly at: number;
      readonly answer: CreateAnswer;
      readonly timeoutAt: number;
    }
  | {
      readonly type: "loseAnswer";
      readonly at: number;
      readonly code?: "no_answer" | "store_is_older";
      readonly why: string;
      readonly perhapsSentAt?: number;
    }
  | { readonly type: "giveUpUnsent" }
  | { readonly type: "adopt"; readonly at: number; readonly timeoutAt: number }
  | { readonly type: "confirm"; readonly at: number }
  | { readonly type: "disown"; readonly at: number; readonly why: string }
  | { readonly type: "revoke"; readonly at: number; readonly seq: number }
  | { readonly type: "giveUpAttempt" }
  | { readonly type: "finishUnsent"; readonly at: number }
  | { readonly type: "observe"; readonly at: number; readonly job: JobSnapshot; readonly settled: boolean }
  | { readonly type: "miss"; readonly at: number; readonly lost: boolean }
  | { readonly type: "timeOut"; readonly at: number }
  | { readonly type: "askCancel"; readonly at: number }
  | { readonly type: "askCancelSurplus"; readonly at: number; readonly jobId: string }
  | {
      readonly type: "closeSurplus";
      readonly at: number;
      readonly jobId: string;
      readonly costMicros: number | null;
    }
  | { readonly type: "recordRaw"; readonly raw: RawFile }
  | { readonly type: "giveUpResults" }
  | { readonly type: "commitVerdicts"; readonly verdicts: VerdictsRef }
  /** `removeFiles`: the account's policy is to remove what was proven to be here. */
  | { readonly type: "finish"; readonly at: number; readonly removeFiles?: boolean }
  | { readonly type: "failFiles" }
  | { readonly type: "closeFiles"; readonly at: number; readonly outcome: "removed" | "left" }
  | { readonly type: "commitRevision"; readonly revision: VerdictsRef; readonly n: number }
  | { readonly type: "applyRevision"; readonly at: number; readonly n: number };

export type TaskEvent =
  | {
      readonly type: "planned";
      readonly at: number;
      readonly manifest: ArtifactRef;
      readonly carried: Carried;
    }
  | { readonly type: "voided"; readonly at: number }
  | { readonly type: "voidEnded"; readonly at: number }
  | { readonly type: "held"; readonly waitsFor: WaitsFor; readonly error?: LastError }
  | { readonly type: "admitted" }
  | { readonly type: "fileRecorded"; readonly file: NonNullable<TaskDoc["file"]> }
  | { readonly type: "intentRecorded"; readonly intent: Intent }
  | { readonly type: "submitted"; readonly at: number; readonly job: JobSnapshot; readonly timeoutAt: number }
  | {
      readonly type: "refused";
      readonly waitsFor: WaitsFor;
      readonly error: LastError;
      readonly fileGone: boolean;
    }
  | { readonly type: "rejected"; readonly error: LastError }
  | { readonly type: "createUnknown"; readonly error: LastError; readonly perhapsSentAt?: number }
  | { readonly type: "unsentGivenUp" }
  | { readonly type: "adopted"; readonly at: number; readonly jobId: string; readonly timeoutAt: number }
  | { readonly type: "confirmed"; readonly at: number; readonly jobId: string }
  | { readonly type: "disowned"; readonly jobId: string; readonly error: LastError }
  | { readonly type: "attemptRevoked"; readonly at: number; readonly seq: number }
  | { readonly type: "attemptGivenUp" }
  | { readonly type: "unsentFinished" }
  | { readonly type: "observed"; readonly view: ProviderView }
  | { readonly type: "endedAtProvider"; readonly view: ProviderView }
  | { readonly type: "missed"; readonly at: number }
  | { readonly type: "lost"; readonly at: number }
  | { readonly type: "timedOut"; readonly at: number }
  | { readonly type: "cancelAsked"; readonly at: number }
  | { readonly type: "surplusFound"; readonly at: number; readonly jobId: string }
  | {
      readonly type: "surplusClosed";
      readonly at: number;
      readonly jobId: string;
      readonly costMicros: number | null;
    }
  | { readonly type: "rawRecorded"; readonly raw: RawFile }
  | { readonly type: "resultsGivenUp" }
  | { readonly type: "verdictsCommitted"; readonly verdicts: VerdictsRef }
  | { readonly type: "ended"; readonly at: number; readonly result: TaskResult; readonly removeFiles?: true }
  | { readonly type: "filesFailed" }
  | { readonly type: "filesClosed"; readonly at: number; readonly outcome: "removed" | "left" }
  | { readonly type: "revisionCommitted"; readonly revision: Revision }
  | { readonly type: "revisionApplied"; readonly at: number; readonly revision: number };

/** What follows from a command. No events: there is nothing to do (any more). */
export function decideTask(command: TaskCommand, task: TaskDoc): readonly TaskEvent[] {
  const illegal = (): IllegalTransition => new IllegalTransition(command.type, "task", task.state);
  switch (command.type) {
    case "seal":
      if (task.state !== "packing") throw illegal();
      return command.carried.sliceCount === 0
        ? [{ type: "voided", at: command.at }]
        : [{ type: "planned", at: command.at, manifest: command.manifest, carried: command.carried }];
    case "void": {
      if (task.state === "void") return [];
      // A task that ever had an intent, or was seen to have a job, is never undone.
      const unsent = task.state === "planned" && task.attempt === 0 && !heldJobOf(task);
      if (task.state !== "packing" && !unsent) throw illegal();
      return [{ type: "voided", at: command.at }];
    }
    case "endVoid":
      if (task.state === "ended") return [];
      if (task.state !== "void") throw illegal();
      return [{ type: "voidEnded", at: command.at }];
    case "hold": {
      if (!["planned", "unknown", "running", "harvesting"].includes(task.state)) throw illegal();
      const { waitsFor, error = task.lastError } = command;
      if (task.waitsFor === waitsFor && task.lastError?.code === error?.code) return [];
      return [{ ...command, type: "held" }];
    }
    case "admit":
      if (task.state === "submitting" && !task.intent) return [];
      if (task.state !== "planned" || task.end || heldJobOf(task)) throw illegal();
      return [{ type: "admitted" }];
    case "recordFile":
      if (task.state !== "submitting" || task.intent) throw illegal();
      return [{ type: "fileRecorded", file: command.file }];
    case "recordIntent":
      if (task.intent?.nonce === command.intent.nonce) return [];
      if (task.state !== "submitting" || task.intent || task.end || heldJobOf(task)) throw illegal();
      return [{ type: "intentRecorded", intent: { ...command.intent, revokedAt: null, revokedSeq: null } }];
    case "recordAnswer":
      return decideAnswer(command, task, illegal);
    case "loseAnswer":
      if (task.state === "unknown") return [];
      if (task.state !== "submitting" || !task.intent) throw illegal();
      return [
        {
          type: "createUnknown",
          error: { code: command.code ?? "no_answer", message: command.why, at: command.at },
          ...(command.perhapsSentAt === undefined ? {} : { perhapsSentAt: command.perhapsSentAt }),
        },
      ];
    case "giveUpUnsent":
      // Nothing was sent: the attempt is void, and the next one has a number of its own.
      if (task.state === "planned") return [];
      if (task.state !== "submitting") throw illegal();
      return [{ type: "unsentGivenUp" }];
    case "adopt": {
      const held = heldJobOf(task);
      if (task.state === "running" && held?.jobId === task.view?.jobId) return [];
      if (!held || !["planned", "submitting", "unknown", "running"].includes(task.state)) throw illegal();
      return [{ type: "adopted", at: command.at, jobId: held.jobId, timeoutAt: command.timeoutAt }];
    }
    case "confirm": {
      const held = heldJobOf(task);
      if (task.state !== "running" || !held) throw illegal();
      return isProvisional(task) ? [{ type: "confirmed", at: command.at, jobId: held.jobId }] : [];
    }
    case "disown":
      if (task.state === "unknown") return [];
      if (task.state !== "running") throw illegal();
      return isProvisional(task) ? disown(task, command.at, command.why) : [];
    case "revoke":
      if (task.state !== "unknown" || !task.intent) throw illegal();
      return task.intent.revokedAt === null
        ? [{ type: "attemptRevoked", at: command.at, seq: command.seq }]
        : [];
    case "giveUpAttempt":
      if (task.state === "planned") return [];
      if (task.state !== "unknown" || task.intent?.revokedAt == null || heldJobOf(task)) throw illegal();
      return [{ type: "attemptGivenUp" }];
    case "finishUnsent":
      if (task.state === "harvesting") return [];
      if (!["planned", "submitting"].includes(task.state) || task.intent || heldJobOf(task)) throw illegal();
      return [{ type: "unsentFinished" }];
    case "observe":
      return decideObservation(command, task, illegal);
    case "miss":
      if (task.state !== "running") throw illegal();
      if (isReplaced(task)) return [];
      if (command.lost)
        return isProvisional(task)
          ? disown(task, command.at, "the account does not know the job any more")
          : [{ type: "lost", at: command.at }];
      return task.view?.missingSince === null ? [{ type: "missed", at: command.at }] : [];
    case "timeOut":
      if (task.state !== "running") throw illegal();
      return task.end ? [] : [{ type: "timedOut", at: command.at }];
    case "askCancel":
      if (task.state !== "running") throw illegal();
      // A provisional job may be somebody else's.
      return isProvisional(task) || isReplaced(task) ? [] : [{ type: "cancelAsked", at: command.at }];
    case "askCancelSurplus": {
      const job = task.jobs.find(({ jobId }) => jobId === command.jobId);
      if (job?.how !== "surplus") throw illegal();
      return job.cancelAskedAt === null
        ? [{ type: "surplusFound", at: command.at, jobId: command.jobId }]
        : [];
    }
    case "closeSurplus": {
      const job = task.jobs.find(({ jobId }) => jobId === command.jobId);
      if (job?.how !== "surplus") throw illegal();
      if (job.closedAt !== null) return [];
      const found: readonly TaskEvent[] =
        job.cancelAskedAt === null ? [{ type: "surplusFound", at: command.at, jobId: command.jobId }] : [];
      return [
        ...found,
        { type: "surplusClosed", at: command.at, jobId: command.jobId, costMicros: command.costMicros },
      ];
    }
    case "recordRaw":
      if (task.state !== "harvesting") throw illegal();
      return task.raw.some(({ path }) => path === command.raw.path)
        ? []
        : [{ type: "rawRecorded", raw: command.raw }];
    case "giveUpResults":
      if (task.noFetch === "results_unavailable") return [];
      if (task.state !== "harvesting" || task.noFetch !== null) throw illegal();
      return [{ type: "resultsGivenUp" }];
    case "commitVerdicts":
      if (task.state !== "harvesting") throw illegal();
      return [{ type: "verdictsCommitted", verdicts: command.verdicts }];
    case "finish":
      if (task.state === "ended") return [];
      if (task.state !== "settling" || !task.verdicts) throw illegal();
      return [
        {
          type: "ended",
          at: command.at,
          result: taskResult(task.verdicts, task.end),
          ...(command.removeFiles && providerFilesOf(task).length > 0 && isHarvested(task)
            ? { removeFiles: true }
            : {}),
        },
      ];
    case "failFiles":
      if (!hasFilesToRemove(task)) throw illegal();
      return [{ type: "filesFailed" }];
    case "closeFiles":
      if (!hasFilesToRemove(task)) return [];
      return [{ type: "filesClosed", at: command.at, outcome: command.outcome }];
    case "commitRevision": {
      if (task.revisions.some(({ revision }) => revision === command.n)) return [];
      if (task.state !== "ended" || task.again?.n !== command.n) throw illegal();
      const revision = { ...command.revision, revision: command.n, appliedAt: null };
      return [{ type: "revisionCommitted", revision }];
    }
    case "applyRevision": {
      const revision = task.revisions.find((candidate) => candidate.revision === command.n);
      if (task.state !== "ended" || !revision) throw illegal();
      return revision.appliedAt === null
        ? [{ type: "revisionApplied", at: command.at, revision: command.n }]
        : [];
    }
  }
}

function decideAnswer(
  { at, answer, timeoutAt }: Extract<TaskCommand, { type: "recordAnswer" }>,
  task: TaskDoc,
  illegal: () => IllegalTransition,
): readonly TaskEvent[] {
  if (
    answer.type === "created" &&
    task.jobs.some(({ jobId }) => jobId === answer.job.jobId) &&
    task.state !== "submitting"
  )
    return [];
  // Before the intent only an upload can have been refused; afterwards any answer may come.
  if (task.state !== "submitting" || !(task.intent || answer.type === "refused")) throw illegal();
  switch (answer.type) {
    case "created":
      return [{ type: "submitted", at, job: answer.job, timeoutAt }];
    case "unknown":
      return [{ type: "createUnknown", error: { code: answer.code, message: answer.message, at } }];
    case "refused": {
      const error = { code: answer.code, message: answer.message, at };
      // A job with our tag is there all the same: the refusal was not the whole story.
      const seen = heldJobOf(task);
      if (seen) return [{ type: "adopted", at, jobId: seen.jobId, timeoutAt }];
      if (answer.why === "request") return [{ type: "rejected", error }];
      return [{ type: "refused", waitsFor: answer.why, error, fileGone: answer.code === "input_file_gone" }];
    }
  }
}

function decideObservation(
  { at, job, settled }: Extract<TaskCommand, { type: "observe" }>,
  task: TaskDoc,
  illegal: () => IllegalTransition,
): readonly TaskEvent[] {
  if (task.state === "harvesting" || task.state === "settling" || task.state === "ended") return [];
  if (task.state !== "running" || task.view?.jobId !== job.jobId) throw illegal();
  if (isReplaced(task)) return [];
  const terminal = isTerminal(job.status);
  const view: ProviderView = {
    jobId: job.jobId,
    rawStatus: job.rawStatus,
    status: job.status,
    counts: job.counts,
    createdAt: job.createdAt,
    expiresAt: job.expiresAt,
    terminalAt: terminal ? (task.view.terminalAt ?? at) : null,
    missingSince: null,
    errors: job.errors.slice(0, 100),
  };
  // Whether a provisional job is ours has to be known before its lines are taken.
  if (terminal && settled && !isProvisional(task)) return [{ type: "endedAtProvider", view }];
  return JSON.stringify(view) === JSON.stringify(task.view) ? [] : [{ type: "observed", view }];
}

/** Whether a job that is known to be ours has taken the place of the one looked at: it has to be adopted first. */
function isReplaced(task: TaskDoc): boolean {
  return heldJobOf(task)?.jobId !== task.view?.jobId;
}

/** Gives up a job that is not ours: what became of the create is unknown again. */
function disown(task: TaskDoc, at: number, why: string): readonly TaskEvent[] {
  const { jobId = "" } = heldJobOf(task) ?? {};
  return [{ type: "disowned", jobId, error: { code: "not_our_job", message: `${jobId}: ${why}`, at } }];
}

/** How a task ended, from its verdicts and what cut it short. */
export function taskResult(
  verdicts: Pick<VerdictsRef, "counts" | "retries" | "rows">,
  end: TaskDoc["end"],
): TaskResult {
  if (verdicts.rows > 0 && verdicts.counts.succeeded === verdicts.rows) return "succeeded";
  if (verdicts.counts.succeeded > 0) return "partial";
  if (end?.why === "cancelled") return "cancelled";
  if (end) return "timed_out";
  return totalOf(verdicts.counts) > 0 && verdicts.counts.cancelled === verdicts.rows ? "cancelled" : "failed";
}
