import type { TaskDoc, TaskJob } from "./documents.ts";

/** The job a task holds, or will hold once it runs: one that is known to be ours goes before a guess. */
export function heldJobOf({ jobs }: Pick<TaskDoc, "jobs">): TaskJob | undefined {
  return (
    jobs.find(({ how }) => how === "created" || how === "adopted") ??
    jobs.find(({ how }) => how === "provisional")
  );
}

/** Whether only the job's results can tell that it is the task's. */
export function isProvisional(task: Pick<TaskDoc, "jobs">): boolean {
  return heldJobOf(task)?.how === "provisional";
}
