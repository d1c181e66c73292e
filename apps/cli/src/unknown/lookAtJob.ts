import type { Account, JobSnapshot } from "@granary/domain";
import { BrokenTransfer, ProviderTrouble } from "@granary/domain";
import { whoseJob } from "@granary/monitor";
import type { Workspace } from "../stack/workspace.ts";

const CALL_MS = 30_000;
/** A results file is read up to its first line of ours. */
const RESULTS_MS = 120_000;

/** A job as its provider tells of it now, and whose its results say it is. */
export interface LookedAt {
  readonly job: JobSnapshot;
  /** A task's id, or `foreign`; null while there are no results that say so. */
  readonly owner: string | null;
  /** Why the results could not be read; null where they were, or where there are none. */
  readonly unread: string | null;
}

/** The job, or null where the account does not know it. @throws ProviderTrouble */
export async function lookAtJob(
  workspace: Pick<Workspace, "deps">,
  account: Account,
  jobId: string,
): Promise<LookedAt | null> {
  const job = await account.provider.get(jobId, { signal: AbortSignal.timeout(CALL_MS) });
  return job && lookIntoResults(workspace, account, job);
}

/** A job that was listed, with what its results say. */
export async function lookIntoResults(
  { deps }: Pick<Workspace, "deps">,
  { settings }: Account,
  job: JobSnapshot,
): Promise<LookedAt> {
  try {
    const signal = AbortSignal.timeout(RESULTS_MS);
    return { job, owner: await whoseJob(deps, settings.id, job, { signal }), unread: null };
  } catch (error) {
    if (!(error instanceof ProviderTrouble || error instanceof BrokenTransfer)) throw error;
    return { job, owner: null, unread: error.message };
  }
}

/** The account's jobs, newest first, back to the first that was made before `since`. @throws ProviderTrouble */
export async function listedSince({ provider }: Account, since: number): Promise<readonly JobSnapshot[]> {
  const listed: JobSnapshot[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof provider.list>> = await provider.list({
      after,
      signal: AbortSignal.timeout(CALL_MS),
    });
    listed.push(...page.jobs);
    after = (page.jobs.at(-1)?.createdAt ?? Infinity) < since ? null : page.next;
  } while (after !== null);
  return listed;
}

/** The job in plain data. */
export function jobSummary({ job, owner, unread }: LookedAt) {
  const { jobId, tag, rawStatus, status, counts, createdAt, expiresAt } = job;
  return { jobId, tag, rawStatus, status, counts, createdAt, expiresAt, owner, unread };
}
