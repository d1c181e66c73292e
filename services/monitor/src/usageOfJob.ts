import type { JobSnapshot, Usage } from "@granary/domain";
import { addUsage, NO_USAGE } from "@granary/domain";
import { readLines } from "@granary/providers";
import { accountOf } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import type { MonitorDeps } from "./settings.ts";

/**
 * What a job that has ended used: as its provider tells of the job, or else as the lines of its results say. Null where
 * lines are counted that no file has.
 * @throws ProviderTrouble, BrokenTransfer
 */
export async function usageOfJob(
  deps: MonitorDeps,
  account: string,
  job: JobSnapshot,
  { signal }: StepContext,
): Promise<Usage | null> {
  if (job.usage) return job.usage;
  const { provider, dialect } = accountOf(deps, account);
  const fileIds = [job.files.results, job.files.errors].filter((fileId) => fileId !== undefined);
  if (fileIds.length === 0) return job.counts?.completed === 0 ? NO_USAGE : null;
  let used = NO_USAGE;
  for (const fileId of fileIds) {
    const { bytes } = await provider.download(fileId, { signal });
    for await (const lines of readLines(bytes))
      for (const { text } of lines) {
        if (text === null || text === "") continue;
        const line = dialect.decode(text);
        if (line.type !== "unparseable" && line.usage) used = addUsage(used, line.usage);
      }
  }
  return used;
}
