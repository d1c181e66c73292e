import { z } from "zod";
import type { JobSnapshot, JobStatus } from "@granary/domain";
import { noticing } from "../driftOf.ts";
import { wireCount } from "../wireCount.ts";
import { JOB_FIELDS } from "./knownFields.ts";
import { responsesUsage } from "./usageOf.ts";

/** The metadata key under which a job carries its tag. */
export const TAG_KEY = "granary_tag";

/** Some answers carry `""` where there is no file. */
const fileId = z
  .string()
  .nullish()
  .catch(null)
  .transform((id) => id || null);
const LAST_INSTANT = 8.64e15;
/** Milliseconds of Unix seconds, or of a date as some compatible endpoints write it. */
const instant = z
  .union([z.number(), z.iso.datetime({ offset: true })])
  .nullish()
  .catch(null)
  .transform((value) => {
    if (typeof value === "string") return Date.parse(value);
    // A minus zero does not come back from a document.
    const at = value == null ? null : Math.round(value * 1000) + 0;
    // What no date can be is no instant: somebody would have to show it.
    return at === null || Math.abs(at) > LAST_INSTANT ? null : at;
  });

/**
 * A batch object. Only `id` and `status` must be there: a list with one odd job in it, perhaps another
 * program's, must stay readable. Source: https://developers.openai.com/api/reference/resources/batches
 * `error` and `job_deadline` are Together's: https://docs.together.ai/reference/batch-create
 */
const batch = z.object({
  id: z.string().min(1),
  status: z.string(),
  input_file_id: fileId,
  output_file_id: fileId,
  error_file_id: fileId,
  created_at: instant,
  expires_at: instant,
  job_deadline: instant,
  request_counts: z
    .object({ total: wireCount, completed: wireCount, failed: wireCount })
    .nullish()
    .catch(null),
  metadata: z.record(z.string(), z.unknown()).nullish().catch(null),
  errors: z
    .object({
      data: z.array(
        z.object({
          code: z.string().nullish().catch(null),
          message: z.string().nullish().catch(null),
          line: z.number().nullish().catch(null),
        }),
      ),
    })
    .nullish()
    .catch(null),
  error: z.string().nullish().catch(null),
  usage: responsesUsage,
});

/** The code of a fault that was told without one. */
export const UNCODED = "error";

const STATUSES: Readonly<Record<string, JobStatus>> = {
  validating: "waiting",
  in_progress: "running",
  finalizing: "running",
  cancelling: "cancelling",
  completed: "completed",
  failed: "failed",
  expired: "expired",
  cancelled: "cancelled",
};

/** A batch in our words. A status nobody has heard of is `other`, and so never terminal. */
export const jobSnapshot = z.preprocess(unwrapped, noticing(batch.transform(toSnapshot), JOB_FIELDS));

function toSnapshot(wire: z.infer<typeof batch>): JobSnapshot {
  const tag = wire.metadata?.[TAG_KEY];
  // Some write it in capitals.
  const status = wire.status.toLowerCase();
  return {
    jobId: wire.id,
    tag: typeof tag === "string" && tag !== "" ? tag : null,
    rawStatus: wire.status,
    status: Object.hasOwn(STATUSES, status) ? (STATUSES[status] ?? "other") : "other",
    counts: wire.request_counts ?? null,
    files: {
      ...(wire.output_file_id ? { results: wire.output_file_id } : {}),
      ...(wire.error_file_id ? { errors: wire.error_file_id } : {}),
    },
    inputFileId: wire.input_file_id,
    createdAt: wire.created_at,
    expiresAt: wire.expires_at ?? wire.job_deadline,
    errors: errorsOf(wire),
    usage: wire.usage,
  };
}

function errorsOf({ errors, error }: z.infer<typeof batch>): JobSnapshot["errors"] {
  const told = (errors?.data ?? []).map(({ code, message, line }) => ({
    code: code ?? UNCODED,
    message: message ?? code ?? "",
    line: line ?? null,
  }));
  return told.length === 0 && error ? [{ code: UNCODED, message: error, line: null }] : told;
}

/** Together answers a create with the job inside of another object. */
function unwrapped(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null || "id" in answer || !("job" in answer)) return answer;
  return answer.job;
}

/**
 * One page of batches. `data` must be there: an answer without it is no proof that there are none. A list without
 * anything around it is one, too.
 */
export const jobPage = z.union([
  z.object({ data: z.array(jobSnapshot), has_more: z.boolean().nullish() }),
  z.array(jobSnapshot).transform((data) => ({ data, has_more: undefined })),
]);
