import type { CallSubject } from "../providerContext.ts";
import type { Job } from "./jobBook.ts";

/** Whether a fault hides a job from lists, or from whoever asks for it, so soon after its create. */
export function isHidden({ create, faults }: Job, what: "list_lag" | "get_lag", now: number): boolean {
  return faults.some((fault) => fault.what === what && now < create.at + fault.ms);
}

/** Whether a fault keeps the results of a job that has ended from being named, or from being fetched. */
export function isDelayed(
  { ended, faults }: Job,
  what: "late_output_file" | "results_lag",
  now: number,
): boolean {
  return ended !== null && faults.some((fault) => fault.what === what && now < ended.at + fault.ms);
}

/** What a list shows of jobs that stand in the order of their creates: from `before` (an index) on, newest first. */
export function* newestFirst(jobs: readonly Job[], before: number, now: number): Generator<Job> {
  for (let at = Math.min(before, jobs.length) - 1; at >= 0; at--) {
    const job = jobs[at];
    if (job && job.deletedAt === null && !isHidden(job, "list_lag", now)) yield job;
  }
}

/** What a call about a job is about. */
export function subjectOf({ create, read }: Job): CallSubject {
  return { account: create.account, model: read?.model ?? create.model, tag: create.tag };
}
