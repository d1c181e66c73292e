import { z } from "zod";
import type { JobSnapshot, JobStatus } from "@granary/domain";
import { noticing } from "../driftOf.ts";
import { wireCount } from "../wireCount.ts";
import { JOB_FIELDS } from "./knownFields.ts";
import { rpcName } from "./rpcCodes.ts";

const text = z.string().nullish().catch(null);
const instant = text.transform((value) => {
  const at = Date.parse(value ?? "");
  return Number.isFinite(at) ? at : null;
});
/** 64-bit numbers are strings in Google's JSON, and a zero is left out. */
const count = z
  .union([z.string().regex(/^\d{1,15}$/), wireCount])
  .nullish()
  .transform((value) => Number(value ?? 0));
const output = z
  .object({
    responsesFile: text,
    inlinedResponses: z
      .object({ inlinedResponses: z.array(z.unknown()).nullish() })
      .nullish()
      .catch(null),
  })
  .nullish()
  .catch(null);

/**
 * An operation that stands for a batch. Only `name` must be there: a list with one odd job in it, perhaps another
 * program's, must stay readable. Source: https://ai.google.dev/api/batch-api
 */
export const operation = z.object({
  name: z.string().min(1),
  done: z.boolean().nullish().catch(null),
  metadata: z
    .object({
      state: text,
      displayName: text,
      createTime: instant,
      batchStats: z
        .object({
          requestCount: count,
          successfulRequestCount: count,
          failedRequestCount: count,
        })
        .nullish()
        .catch(null),
      inputConfig: z.object({ fileName: text }).nullish().catch(null),
      output,
    })
    .nullish()
    .catch(null),
  response: output,
  error: z
    .object({ code: z.union([z.number(), z.string()]).nullish(), message: text })
    .nullish()
    .catch(null),
});
type Operation = z.infer<typeof operation>;

/** Without their prefix: the API says `BATCH_STATE_…`, its SDK and older answers `JOB_STATE_…`. */
const STATES: Readonly<Record<string, JobStatus>> = {
  QUEUED: "waiting",
  PENDING: "waiting",
  PAUSED: "waiting",
  RUNNING: "running",
  UPDATING: "running",
  CANCELLING: "cancelling",
  SUCCEEDED: "completed",
  PARTIALLY_SUCCEEDED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
  EXPIRED: "expired",
};

const INLINE = "inline:";

/** The file id under which a job's inline answers are downloaded. */
export function inlineFileId(jobId: string): string {
  return `${INLINE}${jobId}`;
}

/** The job whose inline answers a file id of ours stands for; null for the provider's own file ids. */
export function jobOfInline(fileId: string): string | null {
  return fileId.startsWith(INLINE) ? fileId.slice(INLINE.length) : null;
}

/** A batch in our words. A state nobody has heard of is `other`, and so never terminal. */
export const jobSnapshot = noticing(operation.transform(toSnapshot), JOB_FIELDS);

function toSnapshot(wire: Operation): JobSnapshot {
  const { name, metadata, error } = wire;
  const stats = metadata?.batchStats;
  const results = resultsOf(wire);
  return {
    jobId: name,
    tag: metadata?.displayName || null,
    ...statusOf(wire),
    counts: stats
      ? {
          total: stats.requestCount,
          completed: stats.successfulRequestCount,
          failed: stats.failedRequestCount,
        }
      : null,
    files: results === null ? {} : { results },
    inputFileId: metadata?.inputConfig?.fileName || null,
    createdAt: metadata?.createTime ?? null,
    // Not told. It is said to be 48 hours, which is nothing to build on.
    expiresAt: null,
    errors: error ? [{ code: rpcName(error.code) ?? "error", message: error.message ?? "", line: null }] : [],
    usage: null,
  };
}

/** By the state, or where there is none, as in a plain operation, by what became of it. */
function statusOf({ done, metadata, response, error }: Operation): Pick<JobSnapshot, "rawStatus" | "status"> {
  const rawStatus = metadata?.state ?? "";
  if (rawStatus !== "" || !done) {
    const state = rawStatus.replace(/^(?:JOB|BATCH)_STATE_/, "");
    return { rawStatus, status: Object.hasOwn(STATES, state) ? (STATES[state] ?? "other") : "other" };
  }
  if (!error) return { rawStatus: "done", status: response ? "completed" : "other" };
  return { rawStatus: "error", status: rpcName(error.code) === "CANCELLED" ? "cancelled" : "failed" };
}

/** A small job may answer inline although its input was a file, and the other way round: only the answer says it. */
function resultsOf({ name, metadata, response }: Operation): string | null {
  const file = response?.responsesFile || metadata?.output?.responsesFile;
  if (file) return file;
  const inline = response?.inlinedResponses ?? metadata?.output?.inlinedResponses;
  return inline?.inlinedResponses ? inlineFileId(name) : null;
}

/** A job's inline answers, each as it came; null where it has none. */
export function inlinedResponses({ metadata, response }: Operation): readonly unknown[] | null {
  const inline = response?.inlinedResponses ?? metadata?.output?.inlinedResponses;
  return inline?.inlinedResponses ?? null;
}

/** Jobs in the order in which they came, and where the next ones are. */
export interface JobPage {
  readonly jobs: readonly JobSnapshot[];
  readonly next: string | null;
}

/**
 * One page of batches. An empty one is `{}` in Google's JSON; an answer with anything else in it and no
 * `operations` is no proof that there are none.
 */
export const jobPage = z
  .looseObject({
    operations: z.array(jobSnapshot).nullish(),
    nextPageToken: z.string().nullish(),
  })
  .transform(({ operations, nextPageToken, ...other }, context): JobPage => {
    if (!operations && Object.keys(other).length > 0)
      context.addIssue({ code: "custom", path: ["operations"], message: "is missing" });
    return { jobs: operations ?? [], next: nextPageToken || null };
  });
