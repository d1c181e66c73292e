import { courseOf, type Job } from "../jobs/jobBook.ts";
import { isDelayed } from "../jobs/listing.ts";
import { lifeMs } from "../jobs/jobTimeline.ts";

const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());

function statusOf(job: Job, now: number): string {
  if (job.ended) return "ended";
  if (job.cancelAskedAt !== null) return "canceling";
  const { startsAt } = courseOf(job);
  const odd = job.faults.find((fault) => fault.what === "unknown_status");
  return odd && startsAt !== null && now >= startsAt && now < startsAt + odd.ms ? odd.status : "in_progress";
}

/** Counts move only when the whole batch has ended; their sum is always the number of its requests. */
function countsOf({ create, ended }: Job) {
  const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
  if (!ended) return { ...counts, processing: create.inputLines ?? 0 };
  const { completed, failed, unfinished = 0 } = ended.counts;
  const undone = ended.status === "cancelled" ? "canceled" : "expired";
  return { ...counts, succeeded: completed, errored: failed - unfinished, [undone]: unfinished };
}

/** When a batch's results are no longer to be had: 29 days after its create, by the scenario's clock. */
export function archivesAt({ create, scenario }: Job): number {
  return create.at + lifeMs(scenario, "anthropic", "resultsMs");
}

/** A batch as the API shows it: the `MessageBatch` of the SDK's resources/messages/batches. `url` is where the API is. */
export function batchObject(job: Job, now: number, url: string) {
  const { create, ended, cancelAskedAt } = job;
  const { overAt } = courseOf(job);
  const archived = ended !== null && now >= archivesAt(job);
  const named = ended !== null && !archived && !isDelayed(job, "late_output_file", now);
  return {
    id: create.jobId,
    type: "message_batch",
    processing_status: statusOf(job, now),
    request_counts: countsOf(job),
    created_at: time(create.at),
    expires_at: time(create.at + job.durations.windowMs),
    ended_at: time(ended && Math.max(ended.at, overAt ?? 0)),
    cancel_initiated_at: time(cancelAskedAt),
    archived_at: time(archived ? archivesAt(job) : null),
    results_url: named ? `${url}/v1/messages/batches/${create.jobId}/results` : null,
  };
}
