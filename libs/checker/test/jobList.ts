import type { BatchProvider, JobSnapshot } from "@granary/domain";

/** The reading half of a provider, over jobs that stand still, two on a page. */
export function jobList(jobs: readonly JobSnapshot[]): Pick<BatchProvider, "list" | "get"> {
  return {
    async list({ after }) {
      const from = after === null ? 0 : jobs.findIndex(({ jobId }) => jobId === after) + 1;
      const page = jobs.slice(from, from + 2);
      return { jobs: page, next: from + 2 < jobs.length ? (page.at(-1)?.jobId ?? null) : null };
    },
    get: async (jobId) => jobs.find((job) => job.jobId === jobId) ?? null,
  };
}

export function endedJob(jobId: string, tag: string | null, with_: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    jobId,
    tag,
    rawStatus: "completed",
    status: "completed",
    counts: null,
    files: {},
    inputFileId: null,
    createdAt: 2_000,
    expiresAt: null,
    errors: [],
    usage: null,
    ...with_,
  };
}
