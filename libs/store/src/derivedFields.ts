/** What both stores write beside a task, so that it can be looked for: functions of the document alone. */
import type { TaskDoc } from "@granary/domain";

/** What an ended task has cost, its surplus jobs included. A charge nobody could price counts as estimated. */
export function spentMicros({ state, verdicts, jobs, estimateMicros }: TaskDoc): number {
  if (state !== "ended") return 0;
  const lines = verdicts ? (verdicts.costMicros ?? estimateMicros ?? 0) + (verdicts.unusedMicros ?? 0) : 0;
  return jobs.reduce((sum, job) => sum + (job.how === "surplus" ? (job.costMicros ?? 0) : 0), lines);
}

/** The earliest instant at which the provider may have made the job of an attempt that is still open. */
export function openedAt({ state, intent, submittedAt, view, plannedAt }: TaskDoc): number | null {
  const seen = [intent?.startedAt, submittedAt, view?.createdAt].filter((at) => typeof at === "number");
  if (state === "submitting") return intent?.startedAt ?? null;
  if (state !== "unknown" && state !== "running") return null;
  return seen.length > 0 ? Math.min(...seen) : plannedAt;
}

/** When the create of a task's last attempt was written down; of an adopted job, when it was submitted. */
export function createAt({ intent, submittedAt }: TaskDoc): number | null {
  return intent?.at ?? submittedAt;
}
