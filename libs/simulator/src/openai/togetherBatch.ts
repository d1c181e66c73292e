import { courseOf, type Job } from "../jobs/jobBook.ts";
import { batchObject } from "./batchObject.ts";

/** The statuses that Together names: https://docs.together.ai/docs/inference/batch/manage */
const STATUSES: Readonly<Record<string, string>> = {
  validating: "VALIDATING",
  in_progress: "IN_PROGRESS",
  finalizing: "IN_PROGRESS",
  cancelling: "IN_PROGRESS",
  completed: "COMPLETED",
  failed: "FAILED",
  expired: "EXPIRED",
  cancelled: "CANCELLED",
};

const iso = (seconds: number | null) => (seconds === null ? null : new Date(seconds * 1_000).toISOString());

/** A batch as Together shows it: dates in words, progress in place of counts, one error in place of a list. */
export function togetherBatch(batch: Job, now: number) {
  const shown = batchObject(batch, now);
  const { startsAt, runMs } = courseOf(batch);
  const share = startsAt === null ? 0 : runMs === 0 ? 1 : (now - startsAt) / runMs;
  return {
    id: shown.id,
    user_id: batch.create.account,
    input_file_id: shown.input_file_id,
    file_size_bytes: batch.create.inputBytes,
    status: STATUSES[shown.status] ?? shown.status,
    job_deadline: iso(shown.expires_at),
    created_at: iso(shown.created_at),
    endpoint: shown.endpoint,
    progress: batch.ended ? 100 : Math.max(0, Math.min(100, Math.floor(share * 100))),
    model_id: shown.model,
    output_file_id: shown.output_file_id,
    error_file_id: shown.error_file_id,
    error: shown.errors ? shown.errors.data.map(({ message }) => message).join("; ") : null,
    completed_at: iso(shown.completed_at),
  };
}
