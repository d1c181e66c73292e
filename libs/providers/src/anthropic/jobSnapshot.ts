import { z } from "zod";
import type { JobSnapshot, JobStatus } from "@granary/domain";
import { noticing } from "../driftOf.ts";
import { wireCount } from "../wireCount.ts";
import { JOB_FIELDS } from "./knownFields.ts";

const text = z.string().nullish().catch(null);
const instant = text.transform((value) => {
  const at = Date.parse(value ?? "");
  return Number.isFinite(at) ? at : null;
});

/**
 * A message batch. Only `id` and `processing_status` must be there: a list with one odd batch in it, perhaps another
 * program's, must stay readable. Source: https://platform.claude.com/docs/en/api/messages/batches/retrieve
 */
export const batch = z.object({
  id: z.string().min(1),
  processing_status: z.string(),
  request_counts: z
    .object({
      processing: wireCount,
      succeeded: wireCount,
      errored: wireCount,
      canceled: wireCount,
      expired: wireCount,
    })
    .nullish()
    .catch(null),
  created_at: instant,
  expires_at: instant,
  ended_at: instant,
  archived_at: instant,
  cancel_initiated_at: instant,
  results_url: text,
});
type Batch = z.infer<typeof batch>;

const PREFIX = "results:";

/** The file id under which a batch's results are downloaded: they have none of their own. */
export function resultsFileId(jobId: string): string {
  return `${PREFIX}${jobId}`;
}

/** The batch whose results a file id stands for; null where it stands for none. */
export function jobOfResults(fileId: string): string | null {
  return fileId.startsWith(PREFIX) ? fileId.slice(PREFIX.length) : null;
}

/** A batch in our words. A status nobody has heard of is `other`, and so never terminal. It does not show its tag. */
export const jobSnapshot = noticing(batch.transform(toSnapshot), JOB_FIELDS);

function toSnapshot(wire: Batch): JobSnapshot {
  const { id, processing_status: rawStatus, request_counts: counts } = wire;
  // After 29 days the results are gone, and the batch says so: they are named still, so that whoever fetches them
  // hears why he gets none.
  const hasResults = rawStatus === "ended" && (wire.results_url || wire.archived_at !== null);
  return {
    jobId: id,
    tag: null,
    rawStatus,
    status: statusOf(wire),
    counts: counts
      ? {
          total: counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired,
          completed: counts.succeeded,
          failed: counts.errored,
        }
      : null,
    files: hasResults ? { results: resultsFileId(id) } : {},
    inputFileId: null,
    createdAt: wire.created_at,
    expiresAt: wire.expires_at,
    errors: [],
    usage: null,
  };
}

/**
 * `ended` says nothing of how; the counts do. With cancelled lines it was cancelled (a cancellation that met none of
 * them is none), else with expired ones it expired, else it completed, whatever became of its lines.
 */
function statusOf({ processing_status: status, request_counts: counts }: Batch): JobStatus {
  switch (status) {
    case "in_progress":
      return "running";
    case "canceling":
      return "cancelling";
    case "ended":
      if (counts && counts.canceled > 0) return "cancelled";
      return counts && counts.expired > 0 ? "expired" : "completed";
    default:
      return "other";
  }
}

/** One page of batches. `data` must be there: an answer without it is no proof that there are none. */
export const jobPage = z.object({
  data: z.array(jobSnapshot),
  has_more: z.boolean().nullish(),
  last_id: z.string().nullish(),
});
