import type { JobSnapshot } from "@granary/domain";
import { isOurTag, isTerminal, tagOfCustomId } from "@granary/domain";
import { readLines } from "@granary/providers";
import { accountOf } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import type { MonitorDeps } from "./settings.ts";

/** What a job that carries no tag of ours belongs to. */
export const FOREIGN = "foreign";
/** So many lines of others prove that a file is another's: a line that got lost among ours does not. */
const LINES_READ = 50;

/**
 * Whose a job is by the custom ids in its results, for providers that show no tags: a task's id, `foreign`, or null
 * while it has no line that says so. Reads no further than the first line of ours.
 * @throws ProviderTrouble, BrokenTransfer
 */
export async function whoseJob(
  deps: MonitorDeps,
  account: string,
  job: JobSnapshot,
  { signal }: StepContext,
): Promise<string | null> {
  if (!isTerminal(job.status)) return null;
  const { provider, dialect } = accountOf(deps, account);
  let others = 0;
  for (const fileId of [job.files.results, job.files.errors]) {
    if (fileId === undefined) continue;
    const { bytes } = await provider.download(fileId, { signal });
    for await (const lines of readLines(bytes))
      for (const { text } of lines) {
        if (text === null || text === "") continue;
        const { customId } = dialect.decode(text);
        if (customId === null) continue;
        const tag = tagOfCustomId(customId);
        if (isOurTag(tag, deps.instance)) return tag;
        others += 1;
        if (others >= LINES_READ) return FOREIGN;
      }
  }
  return others > 0 ? FOREIGN : null;
}
