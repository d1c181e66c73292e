import type { Dialect, JobSnapshot, Rejection, TaskDoc } from "@granary/domain";

/** What a job that was refused, or failed as a whole, says about its lines; null where it did its work. */
export function rejectionOf(dialect: Dialect, task: TaskDoc): Rejection | null {
  if (task.noFetch === "job_rejected")
    return {
      why: "request",
      code: task.lastError?.code ?? "rejected",
      message: task.lastError?.message ?? "the provider refused the job",
      named: new Map(),
    };
  if (task.noFetch !== null || task.view?.status !== "failed") return null;
  const { view } = task;
  const [first] = view.errors;
  const job: JobSnapshot = { ...view, tag: task.id, files: {}, inputFileId: null, usage: null };
  return {
    why: dialect.rejection(job),
    code: first?.code ?? "failed",
    message: first?.message ?? "the provider says the job failed",
    named: new Map(
      view.errors.flatMap(({ line, code, message }) =>
        line === null ? [] : [[line - 1, { code, message }]],
      ),
    ),
  };
}
