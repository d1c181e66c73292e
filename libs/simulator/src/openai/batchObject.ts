import { type Job, courseOf } from "../jobs/jobBook.ts";
import { isDelayed } from "../jobs/listing.ts";

const seconds = (at: number | null) => (at === null ? null : Math.floor(at / 1_000));

/** Status of a batch by the clock. What is over by the clock but not yet written down still counts as going on. */
export function statusOf(batch: Job, now: number): string {
  if (batch.ended) return batch.ended.status;
  const { startsAt, finalizesAt } = courseOf(batch);
  if (batch.cancelAskedAt !== null) return "cancelling";
  if (startsAt === null || now < startsAt) return "validating";
  if (finalizesAt !== null && now >= finalizesAt) return "finalizing";
  const odd = batch.faults.find((fault) => fault.what === "unknown_status");
  return odd && now < startsAt + odd.ms ? odd.status : "in_progress";
}

/** Counts of a batch: final ones once it has ended, before that those of the lines that are done by the clock. */
function countsOf(batch: Job, now: number) {
  const { startsAt, runMs } = courseOf(batch);
  if (batch.ended)
    return {
      total: batch.ended.status === "failed" || startsAt === null ? 0 : batch.ended.lines,
      completed: batch.ended.counts.completed,
      failed: batch.ended.counts.failed,
    };
  if (startsAt === null || !batch.read || now < startsAt) return { total: 0, completed: 0, failed: 0 };
  const share = runMs === 0 ? 1 : Math.min(1, (now - startsAt) / runMs);
  const counts = batch.answers?.counts ?? { completed: 0, failed: 0 };
  return {
    total: batch.read.lines,
    completed: Math.floor(counts.completed * share),
    failed: Math.floor(counts.failed * share),
  };
}

/** A batch as the API shows it: the `Batch` of the SDK's resources/batches. */
export function batchObject(batch: Job, now: number) {
  const { create, ended, faults } = batch;
  const { startsAt, finalizesAt, overAt } = courseOf(batch);
  const passed = (at: number | null) => (at !== null && now >= at ? seconds(at) : null);
  const over = (status: string) =>
    ended?.status === status ? seconds(Math.max(ended.at, overAt ?? 0)) : null;
  const named = ended && !isDelayed(batch, "late_output_file", now);
  const none = faults.some(({ what }) => what === "empty_file_ids") && ended ? "" : null;
  const charge = ended?.charge;
  return {
    id: create.jobId,
    object: "batch",
    endpoint: create.endpoint,
    model: batch.read?.model ?? create.model,
    errors:
      ended && ended.status === "failed" && batch.read ? { object: "list", data: batch.read.errors } : null,
    input_file_id: create.inputFileId,
    completion_window: "24h",
    status: statusOf(batch, now),
    output_file_id: named ? (ended.output?.id ?? none) : null,
    error_file_id: named ? (ended.errorFile?.id ?? none) : null,
    created_at: seconds(create.at),
    in_progress_at: passed(startsAt),
    expires_at: seconds(create.at + batch.durations.windowMs),
    finalizing_at: passed(finalizesAt),
    completed_at: over("completed"),
    failed_at: over("failed"),
    expired_at: over("expired"),
    cancelling_at: seconds(batch.cancelAskedAt),
    cancelled_at: over("cancelled"),
    request_counts: countsOf(batch, now),
    usage: {
      input_tokens: charge?.inputTokens ?? 0,
      input_tokens_details: { cached_tokens: charge?.cachedTokens ?? 0 },
      output_tokens: charge?.outputTokens ?? 0,
      output_tokens_details: { reasoning_tokens: charge?.reasoningTokens ?? 0 },
      total_tokens: (charge?.inputTokens ?? 0) + (charge?.outputTokens ?? 0),
    },
    metadata: create.metadata,
  };
}
