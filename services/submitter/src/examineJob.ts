import type { Account, Fault, JobSnapshot } from "@granary/domain";
import { isGranaryTag, isOurTag, mayBeJobOf } from "@granary/domain";
import type { SubmitterDeps } from "./settings.ts";

/** A caller waits for this look at the provider, and so does whoever stands behind it. */
const LOOK_MS = 10_000;
/** Attempts whose answer is not known: where jobs show no tags, there is one at a time. */
const OPEN = { states: ["submitting", "unknown"] } as const;

/** A job that is to be adopted, and why it cannot be. */
export interface ExaminedJob {
  readonly job: JobSnapshot | null;
  readonly faults: readonly Fault[];
}

/**
 * Looks at a job that somebody wants adopted: it has to be under the account, to be nobody's here, and to have as many
 * lines as its input file.
 * @param items how many lines the file has; null where that is not known
 * @throws ProviderTrouble where the account cannot be asked
 */
export async function examineJob(
  { store, instance }: Pick<SubmitterDeps, "store" | "instance">,
  { provider, dialect, settings }: Account,
  jobId: string,
  items: number | null,
): Promise<ExaminedJob> {
  const job = await provider.get(jobId, { signal: AbortSignal.timeout(LOOK_MS) });
  if (!job) {
    const message = `${jobId} is not under this account: ${settings.id} was asked; name the account whose key created it`;
    return { job, faults: [{ path: "jobId", message }] };
  }
  const faults: Fault[] = [];
  const holder = (await store.byJob(settings.id, [jobId])).get(jobId);
  const { tag } = job;
  if (holder)
    faults.push({
      path: "jobId",
      message: `${jobId} is held already, by task ${holder.id}${await requestText(store, holder.request)}`,
    });
  else if (isOurTag(tag, instance))
    faults.push({ path: "jobId", message: `${jobId} is a job of ours: it was created for task ${tag}` });
  else if (isGranaryTag(job.tag))
    faults.push({
      path: "jobId",
      message: `${jobId} was created by another granary, for its task ${job.tag}: it belongs there`,
    });
  else if (dialect.tags === "hidden") {
    const task = await mayBeOurs(store, settings.id, job);
    if (task !== null)
      faults.push({
        path: "jobId",
        message: `${jobId} may be the job of task ${task}, whose create was not answered: adopt it once that is settled (granary unknown list)`,
      });
  }
  // A job that is still being read counts no lines yet.
  const total = job.counts?.total ?? 0;
  if (items !== null && total > 0 && total !== items)
    faults.push({
      path: "items",
      message: `there are ${items} items, and ${jobId} has ${total} lines: give the file that was uploaded for it`,
    });
  return { job, faults };
}

/** The task whose lost create a job may have come of, where only time and number of lines can say so; null where none. */
async function mayBeOurs(
  store: SubmitterDeps["store"],
  account: string,
  { jobId, createdAt, counts }: JobSnapshot,
): Promise<string | null> {
  const stranger = {
    jobId,
    createdAt: createdAt ?? (await store.now()),
    lines: counts?.total ?? 0,
    firstSeq: Infinity,
    owner: null,
  };
  const open = await store.tasks({ account, ...OPEN }, { limit: 1_000 });
  return open.find((task) => mayBeJobOf(task, stranger))?.id ?? null;
}

async function requestText(store: SubmitterDeps["store"], id: string | null): Promise<string> {
  const request = id === null ? undefined : await store.load("request", id);
  return request ? `, for request ${request.requestId} of source ${request.source}` : "";
}
