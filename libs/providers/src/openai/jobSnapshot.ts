import { z } from "zod";
import type { JobSnapshot, JobStatus } from "@granary/domain";
import { responsesUsage } from "./usageOf.ts";

/** The metadata key under which a job carries its tag. */
export const TAG_KEY = "granary_tag";

/** Some answers carry `""` where there is no file. */
const fileId = z
  .string()
  .nullish()
  .catch(null)
  .transform((id) => id || null);
const seconds = z
  .number()
  .nullish()
  .catch(null)
  .transform((value) => (value == null ? null : Math.round(value * 1000)));
const count = z.number().int().nonnegative();

/**
 * A batch object. Only `id` and `status` must be there: a list with one odd job in it, perhaps another
 * program's, must stay readable. Source: https://developers.openai.com/api/reference/resources/batches
 */
const batch = z.object({
  id: z.string().min(1),
  status: z.string(),
  input_file_id: fileId,
  output_file_id: fileId,
  error_file_id: fileId,
  created_at: seconds,
  expires_at: seconds,
  request_counts: z.object({ total: count, completed: count, failed: count }).nullish().catch(null),
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
  usage: responsesUsage,
});

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
export const jobSnapshot = batch.transform((wire): JobSnapshot => {
  const tag = wire.metadata?.[TAG_KEY];
  return {
    jobId: wire.id,
    tag: typeof tag === "string" && tag !== "" ? tag : null,
    rawStatus: wire.status,
    status: Object.hasOwn(STATUSES, wire.status) ? (STATUSES[wire.status] ?? "other") : "other",
    counts: wire.request_counts ?? null,
    files: {
      ...(wire.output_file_id ? { results: wire.output_file_id } : {}),
      ...(wire.error_file_id ? { errors: wire.error_file_id } : {}),
    },
    inputFileId: wire.input_file_id,
    createdAt: wire.created_at,
    expiresAt: wire.expires_at,
    errors: (wire.errors?.data ?? []).map(({ code, message, line }) => ({
      code: code ?? "error",
      message: message ?? code ?? "",
      line: line ?? null,
    })),
    usage: wire.usage,
  };
});

/** One page of batches. `data` must be there: an answer without it is no proof that there are none. */
export const jobPage = z.object({ data: z.array(jobSnapshot), has_more: z.boolean().nullish() });
