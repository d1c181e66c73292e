import type { JobSnapshot } from "@granary/domain";
import type { MonitorDeps } from "./settings.ts";

const OPEN = ["submitting", "unknown"] as const;
const PAGE = 500;

/**
 * The jobs of a page, those without a tag given the one of the open attempt that was made with their input file. A file
 * of ours is in nobody else's hands, so such a job is ours, whatever the endpoint kept of its metadata, and also where
 * the file is gone by now.
 */
export async function byInputFile(
  { store }: Pick<MonitorDeps, "store">,
  account: string,
  jobs: readonly JobSnapshot[],
): Promise<readonly JobSnapshot[]> {
  if (!jobs.some(({ tag, inputFileId }) => tag === null && inputFileId !== null)) return jobs;
  const tags = new Map<string, string>();
  let after: string | undefined;
  do {
    const tasks = await store.tasks({ account, states: OPEN }, { after, limit: PAGE });
    for (const { id, intent } of tasks) if (intent?.fileId) tags.set(intent.fileId, id);
    after = tasks.length < PAGE ? undefined : tasks.at(-1)?.id;
  } while (after !== undefined);
  return jobs.map((job) =>
    job.tag === null && job.inputFileId !== null ? { ...job, tag: tags.get(job.inputFileId) ?? null } : job,
  );
}
