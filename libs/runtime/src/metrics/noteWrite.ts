import type { DocOf, FactType, Kind, RequestDoc, Saved, SaveOptions, TaskDoc } from "@granary/domain";
import { FACT_PREFIX } from "@granary/domain";
import type { Conflict, FILE_REMOVALS, LineOutcome, Submission } from "./labels.ts";
import type { WorkMetrics } from "./workMetrics.ts";

/** A write that was tried. */
export interface Write<K extends Kind> {
  readonly kind: K;
  readonly held: DocOf[K];
  readonly next: DocOf[K];
  readonly options: SaveOptions;
  readonly result: Saved<DocOf[K]>;
}

/** Counts what a write did: the step from one state to the next says what happened, so no step has to say it again. */
export function noteWrite<K extends Kind>(metrics: WorkMetrics, service: string, write: Write<K>): void {
  if (!("saved" in write.result)) {
    metrics.conflicts.inc({ service, reason: conflictOf(write, write.result.found) });
    return;
  }
  if (write.kind === "task")
    noteTask(metrics, service, write.held as TaskDoc, write.next as TaskDoc, write.options);
  if (write.kind === "request") noteRequest(metrics, write.held as RequestDoc, write.next as RequestDoc);
}

function conflictOf<K extends Kind>({ held, options }: Write<K>, found: DocOf[K] | undefined): Conflict {
  if (options.asOwner !== false && found?.claim !== held.claim) return "claim";
  return found?.state === held.state ? "version" : "state";
}

function noteRequest(metrics: WorkMetrics, held: RequestDoc, next: RequestDoc): void {
  if (held.state === "ended" || next.state !== "ended" || next.result === null || next.endedAt === null)
    return;
  const seconds = secondsBetween(next.acceptedAt, next.endedAt);
  metrics.endToEnd.observe({ provider: next.provider, result: next.result }, seconds);
}

function noteTask(
  metrics: WorkMetrics,
  service: string,
  held: TaskDoc,
  next: TaskDoc,
  { facts = [] }: SaveOptions,
): void {
  const { provider } = next;
  metrics.money.expect(provider, next.model);
  if (held.state !== next.state) metrics.transitions.inc({ service, from: held.state, to: next.state });
  const told = (type: FactType): number => facts.filter((fact) => fact.type === FACT_PREFIX + type).length;
  const submission = submissionOf(held, next, told);
  if (submission) metrics.submissions.inc({ provider, outcome: submission });
  metrics.duplicates.inc({ provider }, told("task.surplus_found"));
  noteDurations(metrics, held, next);
  if (held.state === "harvesting" && next.state === "settling") noteVerdicts(metrics, next);
  const removal = removalOf(held, next);
  if (removal) metrics.fileRemovals.inc({ provider, outcome: removal });
}

function removalOf(
  { files: before }: TaskDoc,
  { files: after }: TaskDoc,
): (typeof FILE_REMOVALS)[number] | null {
  if (!before || !after || before.closedAt !== null) return null;
  return after.closedAt !== null ? after.outcome : after.tries > before.tries ? "failed" : null;
}

function submissionOf(held: TaskDoc, next: TaskDoc, told: (type: FactType) => number): Submission | null {
  if (told("task.submitted") > 0) return "created";
  if (told("task.adopted") > 0) return "adopted";
  if (told("task.create_unknown") > 0) return "unknown";
  // A create that was sent and that the provider answered with no: planned again, or rejected for its content.
  if (held.state !== "submitting" || !held.intent || next.lastError === held.lastError) return null;
  return next.state === "planned" || next.noFetch === "job_rejected" ? "refused" : null;
}

function noteDurations(metrics: WorkMetrics, held: TaskDoc, next: TaskDoc): void {
  const { provider, plannedAt, submittedAt, view, endedAt } = next;
  const stayed = (
    state: "planned" | "running" | "harvesting",
    from: number | null,
    to: number | null,
  ): void => {
    if (from !== null && to !== null)
      metrics.stateDuration.observe({ provider, state }, secondsBetween(from, to));
  };
  // Of all that happens between, the documents record when the first attempt began.
  if (held.attempt === 0 && next.attempt === 1) stayed("planned", plannedAt, next.intent?.startedAt ?? null);
  const terminalAt = view?.terminalAt ?? null;
  if (held.state === "running" && next.state === "harvesting") {
    stayed("running", submittedAt, terminalAt);
    if (submittedAt !== null && terminalAt !== null)
      metrics.money.jobEnded(next, secondsBetween(submittedAt, terminalAt));
  }
  if (held.state === "settling" && next.state === "ended") stayed("harvesting", terminalAt, endedAt);
}

function noteVerdicts(metrics: WorkMetrics, task: TaskDoc): void {
  const { provider, verdicts } = task;
  if (!verdicts) return;
  metrics.money.charged(task);
  const { counts, retries, aside, usage } = verdicts;
  const lines: Partial<Record<LineOutcome, number>> = {
    ...counts.byReason,
    succeeded: counts.succeeded,
    expired: counts.expired,
    cancelled: counts.cancelled,
    retried: retries,
    ...aside,
  };
  for (const [outcome, count] of Object.entries(lines)) metrics.lines.inc({ provider, outcome }, count);
  metrics.tokens.inc({ provider, direction: "input" }, usage.inputTokens);
  metrics.tokens.inc({ provider, direction: "output" }, usage.outputTokens);
  metrics.tokens.inc({ provider, direction: "cached" }, usage.cachedTokens);
}

function secondsBetween(from: number, to: number): number {
  return Math.max(0, to - from) / 1000;
}
