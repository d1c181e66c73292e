import { courseOf, type Job } from "../jobs/jobBook.ts";
import { isDelayed } from "../jobs/listing.ts";
import { isAnsweredInline } from "./geminiTrade.ts";
import { type RpcStatus, rpcStatuses, type Status, statusOf } from "./rpcStatus.ts";

const TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main";
const time = (at: number) => new Date(at).toISOString();
const ENDS = {
  completed: "SUCCEEDED",
  failed: "FAILED",
  expired: "EXPIRED",
  cancelled: "CANCELLED",
} as const;

/** What a scenario may call a limit that a job fails for. */
const LIMITS = new Set(["token_limit_exceeded", "batch_limit_exceeded", "billing_hard_limit_reached"]);

/** State of a batch by the clock; `BATCH_STATE_…` unless a fault spells it otherwise. */
function stateOf(job: Job, now: number): string {
  const otherwise = job.faults.some(({ what }) => what === "other_spelling");
  const spelt = (state: string) => `${otherwise ? "JOB_STATE" : "BATCH_STATE"}_${state}`;
  if (job.ended) return spelt(ENDS[job.ended.status]);
  if (otherwise && job.cancelAskedAt !== null) return spelt("CANCELLING");
  const { startsAt } = courseOf(job);
  if (startsAt === null || now < startsAt) return spelt("PENDING");
  if (job.faults.some(({ what }) => what === "stuck")) return spelt("PENDING");
  const odd = job.faults.find((fault) => fault.what === "unknown_status");
  return odd && now < startsAt + odd.ms ? odd.status : spelt("RUNNING");
}

/** Counts are strings, and zeros are left out. Requests that were left undone stay pending. */
function statsOf({ create, read, ended, answers }: Job, runMs: number, startsAt: number | null, now: number) {
  const total = read?.lines ?? create.inputLines ?? 0;
  const counts = ended?.counts ?? answers?.counts ?? { completed: 0, failed: 0 };
  const share = startsAt === null || runMs === 0 ? 1 : Math.min(1, Math.max(0, (now - startsAt) / runMs));
  const done = (count: number) => (ended ? count : startsAt === null ? 0 : Math.floor(count * share));
  const completed = done(counts.completed);
  const failed = done(counts.failed - (counts.unfinished ?? 0));
  const told = {
    requestCount: total,
    successfulRequestCount: completed,
    failedRequestCount: failed,
    pendingRequestCount: total - completed - failed,
  };
  return Object.fromEntries(
    Object.entries(told)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [name, String(count)]),
  );
}

function errorOf({ ended, read, create }: Job): Status | null {
  switch (ended?.status) {
    case "failed": {
      const [first] = read?.errors ?? [];
      const { code = "INTERNAL", message = "The batch failed." } = first ?? {};
      if (code in rpcStatuses) return statusOf(code as RpcStatus, message);
      return statusOf(LIMITS.has(code) ? "RESOURCE_EXHAUSTED" : "INVALID_ARGUMENT", message);
    }
    case "expired":
      return statusOf("DEADLINE_EXCEEDED", `${create.jobId} has expired.`);
    case "cancelled":
      return statusOf("CANCELLED", `${create.jobId} was cancelled.`);
    case "completed":
    case undefined:
      return null;
  }
}

/** Where a batch's answers are, once they are named. */
export function outputOf(job: Job, now: number): "none" | "inline" | "file" {
  if (!job.ended?.output || isDelayed(job, "late_output_file", now)) return "none";
  return isAnsweredInline(job) ? "inline" : "file";
}

/** A batch as the API shows it, an operation: https://ai.google.dev/api/batch-api. `inline` are its inline answers. */
export function operation(job: Job, now: number, inline: readonly unknown[] | null): object {
  const { create, ended } = job;
  const { startsAt, runMs } = courseOf(job);
  const error = errorOf(job);
  const where = outputOf(job, now);
  const output =
    where === "none"
      ? null
      : where === "file"
        ? { responsesFile: ended?.output?.id }
        : { inlinedResponses: { inlinedResponses: inline ?? [] } };
  const updatedAt = ended?.at ?? Math.max(create.at, startsAt !== null && startsAt <= now ? startsAt : 0);
  return {
    name: create.jobId,
    metadata: {
      "@type": `${TYPE}.GenerateContentBatch`,
      name: create.jobId,
      model: `models/${create.model}`,
      ...(create.tag === null ? {} : { displayName: create.tag }),
      ...(create.inputFileId === null ? {} : { inputConfig: { fileName: create.inputFileId } }),
      ...(output ? { output } : {}),
      createTime: time(create.at),
      ...(ended ? { endTime: time(ended.at) } : {}),
      updateTime: time(updatedAt),
      batchStats: statsOf(job, runMs, startsAt, now),
      state: stateOf(job, now),
    },
    ...(ended ? { done: true } : {}),
    ...(error ? { error } : {}),
    ...(ended && !error && output
      ? { response: { "@type": `${TYPE}.GenerateContentBatchOutput`, ...output } }
      : {}),
  };
}
