import type { ProviderView, TaskDoc, TaskJob } from "./documents.ts";
import type { FactBody } from "./facts.ts";
import { heldJobOf } from "./heldJob.ts";
import { decideTask } from "./task.ts";
import type { TaskCommand, TaskEvent } from "./task.ts";

/** The task after an event. Never refuses: an event is a fact. */
export function evolveTask(task: TaskDoc, event: TaskEvent): TaskDoc {
  switch (event.type) {
    case "planned":
      return { ...task, ...event.carried, state: "planned", manifest: event.manifest, plannedAt: event.at };
    case "voided":
      return {
        ...task,
        state: "void",
        // A job of a task that comes to nothing does work that another task will do.
        jobs: task.jobs.map((job): TaskJob => ({ ...job, how: "surplus" })),
        voidedAt: event.at,
        waitsFor: null,
      };
    case "voidEnded":
      return { ...task, state: "ended", result: null, endedAt: event.at };
    case "held":
      return { ...task, waitsFor: event.waitsFor, lastError: event.error ?? task.lastError };
    case "admitted":
      return { ...task, state: "submitting", waitsFor: null };
    case "fileRecorded":
      return { ...task, file: event.file };
    case "intentRecorded":
      return { ...task, intent: event.intent, attempt: task.attempt + 1 };
    case "submitted":
      return running(task, event.job.jobId, "created", event.at, event.timeoutAt, {
        jobId: event.job.jobId,
        rawStatus: event.job.rawStatus,
        status: event.job.status,
        counts: event.job.counts,
        createdAt: event.job.createdAt,
        expiresAt: event.job.expiresAt,
        terminalAt: null,
        missingSince: null,
        errors: [],
      });
    case "adopted":
      return running(task, event.jobId, "adopted", event.at, event.timeoutAt, unseen(event.jobId));
    case "confirmed":
      return onJob(task, event.jobId, { how: "adopted" });
    case "disowned":
      return {
        ...task,
        state: "unknown",
        jobs: task.jobs.filter(({ jobId }) => jobId !== event.jobId),
        mistaken: [...(task.mistaken ?? []), event.jobId],
        holds: `-/${task.id}`,
        // Its absence has to be proven anew.
        intent: task.intent && { ...task.intent, revokedAt: null, revokedSeq: null },
        view: null,
        timeoutAt: null,
        submittedAt: null,
        waitsFor: "sweep",
        lastError: event.error,
      };
    case "refused":
      return {
        ...task,
        state: "planned",
        intent: null,
        waitsFor: event.waitsFor,
        lastError: event.error,
        file: event.fileGone ? null : task.file,
      };
    case "rejected":
      return { ...task, state: "harvesting", intent: null, noFetch: "job_rejected", lastError: event.error };
    case "createUnknown":
      return {
        ...task,
        state: "unknown",
        intent:
          task.intent && event.perhapsSentAt !== undefined
            ? { ...task.intent, perhapsSentAt: event.perhapsSentAt }
            : task.intent,
        waitsFor: "sweep",
        lastError: event.error,
      };
    case "unsentGivenUp":
      return { ...task, state: "planned", intent: null, waitsFor: null };
    case "attemptRevoked":
      return {
        ...task,
        waitsFor: "quiet",
        intent: task.intent && { ...task.intent, revokedAt: event.at, revokedSeq: event.seq },
      };
    case "attemptGivenUp":
      return { ...task, state: "planned", intent: null, file: null, waitsFor: null };
    case "unsentFinished":
      return { ...task, state: "harvesting", noFetch: "ended", waitsFor: null };
    case "observed":
      return { ...task, view: event.view, waitsFor: event.view.terminalAt === null ? null : "settle" };
    case "endedAtProvider":
      return { ...task, state: "harvesting", view: event.view, waitsFor: null };
    case "missed":
      return { ...task, view: task.view && { ...task.view, missingSince: event.at }, waitsFor: "settle" };
    case "lost":
      return { ...task, state: "harvesting", noFetch: "job_lost", waitsFor: null };
    case "timedOut":
      return { ...task, end: { at: event.at, why: "timeout" } };
    case "cancelAsked":
      return { ...task, cancelAskedAt: event.at };
    case "surplusFound":
      return onJob(task, event.jobId, { cancelAskedAt: event.at });
    case "surplusClosed":
      return onJob(task, event.jobId, { closedAt: event.at, costMicros: event.costMicros });
    case "rawRecorded":
      return { ...task, raw: [...task.raw, event.raw] };
    case "resultsGivenUp":
      return { ...task, noFetch: "results_unavailable", waitsFor: null };
    case "verdictsCommitted":
      return { ...task, state: "settling", verdicts: event.verdicts, waitsFor: null };
    case "ended":
      return {
        ...task,
        state: "ended",
        result: event.result,
        endedAt: event.at,
        waitsFor: null,
        ...(event.removeFiles ? { files: { tries: 0, closedAt: null, outcome: null } } : {}),
      };
    case "filesFailed":
      return { ...task, files: { tries: (task.files?.tries ?? 0) + 1, closedAt: null, outcome: null } };
    case "filesClosed":
      return {
        ...task,
        files: { tries: task.files?.tries ?? 0, closedAt: event.at, outcome: event.outcome },
      };
    case "revisionCommitted":
      return { ...task, revisions: [...task.revisions, event.revision], again: null };
    case "revisionApplied":
      return {
        ...task,
        revisions: task.revisions.map((revision) =>
          revision.revision === event.revision ? { ...revision, appliedAt: event.at } : revision,
        ),
      };
  }
}

/** The task once it holds a job: the first one seen. Any other one is surplus, but for a guess that was wrong. */
function running(
  task: TaskDoc,
  jobId: string,
  how: "created" | "adopted",
  at: number,
  timeoutAt: number,
  view: ProviderView,
): TaskDoc {
  const known = task.jobs.some((job) => job.jobId === jobId)
    ? task.jobs
    : [...task.jobs, { jobId, how, seenAt: at, cancelAskedAt: null, closedAt: null, costMicros: null }];
  const held = heldJobOf({ jobs: known });
  if (!held) throw new Error(`task ${task.id} runs without a job`);
  const guesses = known.filter((job) => job !== held && job.how === "provisional");
  const others = known.filter((job) => job !== held && job.how !== "provisional");
  return {
    ...task,
    state: "running",
    jobs: [held, ...others.map((job): TaskJob => ({ ...job, how: "surplus" }))],
    ...(guesses.length > 0
      ? { mistaken: [...(task.mistaken ?? []), ...guesses.map((job) => job.jobId)] }
      : {}),
    holds: `${task.account}/${held.jobId}`,
    view: held.jobId === jobId ? view : unseen(held.jobId),
    timeoutAt,
    submittedAt: task.submittedAt ?? at,
    waitsFor: null,
  };
}

function unseen(jobId: string): ProviderView {
  return {
    jobId,
    rawStatus: "",
    status: "waiting",
    counts: null,
    createdAt: null,
    expiresAt: null,
    terminalAt: null,
    missingSince: null,
    errors: [],
  };
}

function onJob(task: TaskDoc, jobId: string, set: Partial<TaskJob>): TaskDoc {
  return { ...task, jobs: task.jobs.map((job) => (job.jobId === jobId ? { ...job, ...set } : job)) };
}

/** The fact that tells of an event, where one does. `task` is the task after the event. */
export function factOfTask(task: TaskDoc, event: TaskEvent): FactBody | null {
  const about = {
    taskId: task.id,
    account: task.account,
    model: task.model,
    request: task.request,
    lines: task.lines,
  };
  const held = task.view?.jobId ?? "";
  switch (event.type) {
    case "planned":
      return {
        type: "task.planned",
        data: { ...about, bytes: task.bytes, tokens: task.tokens, requests: task.requests },
      };
    case "submitted":
      return { type: "task.submitted", data: { ...about, jobId: event.job.jobId, attempt: task.attempt } };
    case "createUnknown":
      return {
        type: "task.create_unknown",
        data: {
          ...about,
          attempt: task.attempt,
          error: { code: event.error.code, message: event.error.message },
        },
      };
    case "adopted":
    case "confirmed":
      return {
        type: "task.adopted",
        data: { ...about, jobId: event.jobId, provisional: heldJobOf(task)?.how === "provisional" },
      };
    case "disowned":
      return {
        type: "task.create_unknown",
        data: {
          ...about,
          attempt: task.attempt,
          error: { code: event.error.code, message: event.error.message },
        },
      };
    case "surplusFound":
      return { type: "task.surplus_found", data: { ...about, jobId: event.jobId } };
    case "endedAtProvider":
      return {
        type: "task.ended_at_provider",
        data: { ...about, jobId: held, status: event.view.status, rawStatus: event.view.rawStatus },
      };
    case "lost":
      return {
        type: "task.ended_at_provider",
        data: { ...about, jobId: held, status: "lost", rawStatus: task.view?.rawStatus ?? "" },
      };
    case "ended":
      if (!task.verdicts) return null;
      return {
        type: "task.ended",
        data: {
          ...about,
          jobId: task.view?.jobId ?? null,
          result: event.result,
          counts: task.verdicts.counts,
          retries: task.verdicts.retries,
          costMicros: task.verdicts.costMicros,
        },
      };
    case "voided":
    case "voidEnded":
    case "held":
    case "admitted":
    case "fileRecorded":
    case "intentRecorded":
    case "refused":
    case "rejected":
    case "unsentGivenUp":
    case "attemptRevoked":
    case "attemptGivenUp":
    case "unsentFinished":
    case "observed":
    case "missed":
    case "timedOut":
    case "cancelAsked":
    case "surplusClosed":
    case "rawRecorded":
    case "resultsGivenUp":
    case "filesFailed":
    case "filesClosed":
    case "verdictsCommitted":
    case "revisionCommitted":
    case "revisionApplied":
      return null;
  }
}

/** A change to write: the document after it, and what it tells. Null where the command changes nothing. */
export interface Change<D> {
  readonly next: D;
  readonly facts: readonly FactBody[];
}

/** Decides and evolves in one go. @throws IllegalTransition */
export function changeTask(task: TaskDoc, ...commands: readonly TaskCommand[]): Change<TaskDoc> | null {
  let next = task;
  let changed = false;
  const facts: FactBody[] = [];
  for (const command of commands)
    for (const event of decideTask(command, next)) {
      next = evolveTask(next, event);
      changed = true;
      const fact = factOfTask(next, event);
      if (fact) facts.push(fact);
    }
  return changed ? { next, facts } : null;
}

/** A task as the packer inserts it: packing, and claimed by the packer, the only one that may seal it. */
export function newTask(task: {
  readonly id: string;
  readonly by: string;
  readonly owner: string;
  readonly leaseUntil: number;
  readonly account: string;
  readonly provider: string;
  readonly poolKey: string;
  readonly model: string;
  readonly endpoint: string;
  readonly priority: number;
}): TaskDoc {
  return {
    ...task,
    version: 1,
    dueAt: task.leaseUntil,
    claim: 1,
    strikes: 0,
    eventSeq: 0,
    state: "packing",
    lines: 0,
    bytes: 0,
    tokens: 0,
    estimateMicros: null,
    bySource: {},
    request: null,
    requests: 0,
    sliceCount: 0,
    manifest: null,
    file: null,
    attempt: 0,
    intent: null,
    jobs: [],
    holds: `-/${task.id}`,
    view: null,
    timeoutAt: null,
    raw: [],
    noFetch: null,
    verdicts: null,
    revisions: [],
    again: null,
    end: null,
    cancelAskedAt: null,
    waitsFor: null,
    lastError: null,
    plannedAt: null,
    voidedAt: null,
    submittedAt: null,
    endedAt: null,
    result: null,
  };
}
