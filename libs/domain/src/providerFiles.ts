import type { TaskDoc } from "./documents.ts";
import { isProvisional } from "./heldJob.ts";

/** How often removing a task's files is tried before they are left to the provider's own expiry. */
export const FILE_TRIES = 5;

/**
 * Ids of a task's own files at the provider: what was sent, and what was copied from there. Those of a job that somebody
 * else created are not ours.
 */
export function providerFilesOf({
  file,
  raw,
  foreign,
}: Pick<TaskDoc, "file" | "raw" | "foreign">): readonly string[] {
  if (foreign) return [];
  const ids = [file?.id, ...raw.map(({ fileId }) => fileId)];
  return [...new Set(ids.filter((id) => id !== undefined))];
}

/** Whether an ended task's files at the provider are still to be removed. */
export function hasFilesToRemove({ state, files }: Pick<TaskDoc, "state" | "files">): boolean {
  return state === "ended" && files?.closedAt === null;
}

/**
 * Whether all that the provider has of a task's answers lies here, with its hash recorded: only then is its copy worth
 * nothing. Of a job that was completed every line must have come, of others as many as the provider counted: lines,
 * whatever else stands in the files. A job that is lost, or whose results are gone, proves nothing.
 */
export function isHarvested(task: TaskDoc): boolean {
  const { noFetch, view, verdicts, lines } = task;
  if (!verdicts || isProvisional(task)) return false;
  if (noFetch !== null) return noFetch === "ended" || noFetch === "job_rejected";
  if (!view || verdicts.lacking === undefined) return false;
  const came = lines - verdicts.lacking;
  if (view.status === "completed") return came === lines;
  if (view.counts) return came >= view.counts.completed + view.counts.failed;
  // A job that failed as a whole did no work.
  return view.status === "failed" || came === lines;
}
