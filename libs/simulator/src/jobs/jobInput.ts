import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskName, storedPath } from "../storedPath.ts";
import type { JobBook } from "./jobBook.ts";

/** Where the lines lie that came in a create's own body. */
export function ownInputPath(folder: string, jobId: string): string {
  return join(folder, "inputs", `${diskName(jobId)}.jsonl`);
}

/** Where a job's lines lie: in the file its create named, or in one that was made of the create's body. */
export function inputPathOf(
  folder: string,
  { jobId, inputFileId }: { readonly jobId: string; readonly inputFileId: string | null },
): string {
  return inputFileId === null ? ownInputPath(folder, jobId) : storedPath(folder, inputFileId);
}

/** Removes bodies whose create was never written down, or whose job has ended. */
export async function clearInputs(folder: string, book: JobBook): Promise<void> {
  const open = [...book.jobs.values()].filter(({ ended }) => ended === null);
  const wanted = new Set(open.map(({ create }) => `${diskName(create.jobId)}.jsonl`));
  for (const file of await readdir(join(folder, "inputs")))
    if (!wanted.has(file)) await rm(join(folder, "inputs", file), { force: true });
}
