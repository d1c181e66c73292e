import type { Fault, JobSnapshot, SweepDoc, TaskDoc } from "@granary/domain";
import { CLOCK_MARGIN_MS, attemptWindow, isTerminal, mayBeJobOf } from "@granary/domain";
import { FOREIGN } from "@granary/monitor";
import type { Workspace } from "../stack/workspace.ts";
import { count } from "../terminal/format.ts";
import { accountOfTask, guessOf, taskFaults } from "./examined.ts";
import type { Examined } from "./examined.ts";
import { listedSince, lookAtJob, lookIntoResults } from "./lookAtJob.ts";
import type { LookedAt } from "./lookAtJob.ts";

/**
 * Whether an operator may say that no job came of a task's create: lists the account's jobs of that time once more. A
 * job that shows that it is the task's is a fault; one that may be is shown.
 * @throws ProviderTrouble where the jobs cannot be listed
 */
export async function examineAbsence(workspace: Workspace, task: TaskDoc): Promise<Examined> {
  const { store } = workspace;
  const account = accountOfTask(workspace, task);
  const faults: Fault[] = [...taskFaults(task)];
  const window = attemptWindow(task);
  if ("path" in account || faults.length > 0 || !window)
    return {
      jobs: [],
      faults: "path" in account ? [...faults, account] : faults,
      warnings: [],
      follows: [],
      against: [],
    };
  const listed = await listedSince(account, window.from - CLOCK_MARGIN_MS);
  const holders = await store.byJob(
    task.account,
    listed.map(({ jobId }) => jobId),
  );
  const sweep = await store.load("sweep", task.account);
  const guess = guessOf(task);
  const jobs: LookedAt[] = [];
  for (const job of listed) {
    const isFree = !holders.has(job.jobId);
    if (job.jobId === guess || (isFree && (bearsItsName(job, task) || mayFit(job, task, sweep))))
      jobs.push(await lookIntoResults(workspace, account, job));
  }
  if (guess !== null && !listed.some(({ jobId }) => jobId === guess)) {
    const looked = await lookAtJob(workspace, account, guess);
    if (looked) jobs.push(looked);
  }
  const others = jobs.filter(({ owner }) => owner === null || owner === task.id);
  return {
    jobs,
    faults: jobs.flatMap((looked) => ownFaults(looked, task)),
    warnings: warningsOf(others, task, listed.length),
    follows: followsOf(task),
    against: others.map(({ job }) => job.jobId),
  };
}

/** Whether the listing itself says that the job is this task's, by its tag or by the file it was made of. */
function bearsItsName({ tag, inputFileId }: JobSnapshot, { id, intent }: TaskDoc): boolean {
  return tag === id || (tag === null && inputFileId !== null && inputFileId === intent?.fileId);
}

function mayFit(job: JobSnapshot, task: TaskDoc, sweep: SweepDoc | undefined): boolean {
  const { jobId, tag, createdAt, counts } = job;
  if (tag !== null || createdAt === null) return false;
  const seen = sweep?.strangers?.find((stranger) => stranger.jobId === jobId);
  const firstSeq = seen?.firstSeq ?? Infinity;
  // A job that is being read tells no number yet.
  const lines =
    counts === null || (counts.total === 0 && !isTerminal(job.status)) ? task.lines : counts.total;
  return mayBeJobOf(task, { jobId, createdAt, lines, firstSeq, owner: null });
}

function ownFaults({ job, owner }: LookedAt, task: TaskDoc): readonly Fault[] {
  const { jobId, tag, inputFileId } = job;
  const why = [
    ...(tag === task.id ? ["carries the task's tag"] : []),
    ...(tag === null && bearsItsName(job, task)
      ? [`was made of the file ${inputFileId} that its create named`]
      : []),
    ...(owner === task.id ? ["has the task's custom ids in its results"] : []),
  ];
  if (why.length === 0) return [];
  const message = `${why.join(" and ")}: it is this create's, and is adopted by itself; at once with granary unknown attach ${task.id} ${jobId}`;
  return [{ path: `job ${jobId}`, message }];
}

function warningsOf(others: readonly LookedAt[], task: TaskDoc, listed: number): readonly string[] {
  const named = others.map(({ job }) => job.jobId);
  return [
    named.length === 0
      ? `none of the ${count(listed)} jobs listed since then can be this create's; one that is not listed yet would not be seen`
      : `this create may have made ${named.join(" or ")}: by time and number of lines ${named.length === 1 ? "it fits" : "they fit"}, and nothing tells whose ${named.length === 1 ? "it is" : "they are"}`,
    ...others.flatMap(({ job, unread }) =>
      unread === null ? [] : [`the results of ${job.jobId} could not be read: ${unread}`],
    ),
    ...(task.intent?.fileId ? [] : ["its lines went in the create itself, so that it cannot be revoked"]),
  ];
}

function followsOf(task: TaskDoc): readonly string[] {
  const guess = guessOf(task);
  const fileId = task.intent?.fileId ?? null;
  return [
    task.end
      ? `attempt ${task.attempt} is given up and nothing is sent again, for the task was ended (${task.end.why}): if a job was created after all it is paid for`
      : `attempt ${task.attempt} is given up and its lines are sent again: if a job was created after all they are paid for twice`,
    ...(fileId === null ? [] : [`its input file ${fileId} is removed at the provider`]),
    ...(guess === null ? [] : [`${guess}, which it holds provisionally, is let go and runs on`]),
  ];
}

/** Whose a job is by its results, in words. */
export function ownerText({ owner, unread }: LookedAt, task: TaskDoc): string {
  if (unread !== null) return "unreadable";
  if (owner === null) return "no results tell";
  if (owner === task.id) return "this task's";
  return owner === FOREIGN ? "somebody else's" : `task ${owner}'s`;
}
