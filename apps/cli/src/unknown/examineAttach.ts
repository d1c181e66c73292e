import type { Account, Fault, SweepDoc, TaskDoc } from "@granary/domain";
import { CLOCK_MARGIN_MS, attemptWindow, isOurTag, isTerminal } from "@granary/domain";
import { FOREIGN } from "@granary/monitor";
import type { Workspace } from "../stack/workspace.ts";
import { count, instant } from "../terminal/format.ts";
import { accountOfTask, guessOf, taskFaults } from "./examined.ts";
import type { Examined } from "./examined.ts";
import { lookAtJob } from "./lookAtJob.ts";
import type { LookedAt } from "./lookAtJob.ts";

/**
 * Whether an operator may say that a job is a task's own: everything that proves it is not is a fault, all at once.
 * @throws ProviderTrouble where the job cannot be looked at
 */
export async function examineAttach(workspace: Workspace, task: TaskDoc, jobId: string): Promise<Examined> {
  const { store, deps } = workspace;
  const account = accountOfTask(workspace, task);
  const faults: Fault[] = [...taskFaults(task), ...(await heldElsewhere(workspace, task, jobId))];
  const nothing = { jobs: [], warnings: [], follows: [], against: [] };
  if ("path" in account) return { ...nothing, faults: [...faults, account] };
  const looked = await lookAtJob(workspace, account, jobId);
  const path = `job ${jobId}`;
  if (!looked)
    return {
      ...nothing,
      faults: [
        ...faults,
        {
          path,
          message: `account ${task.account} does not know it: granary jobs --account ${task.account} lists those it has`,
        },
      ],
    };
  const told = [
    ...tagFaults(looked, task, deps.instance),
    ...lineFaults(looked, task),
    ...timeFaults(looked, task, await store.load("sweep", task.account)),
    ...resultFaults(looked, task),
  ];
  return {
    jobs: [looked],
    faults: [...faults, ...told.map((message) => ({ path, message }))],
    warnings: warningsOf(looked, task, account),
    follows: followsOf(task, jobId),
    against: [],
  };
}

async function heldElsewhere({ store }: Workspace, task: TaskDoc, jobId: string): Promise<readonly Fault[]> {
  const path = `job ${jobId}`;
  if (task.jobs.some((job) => job.jobId === jobId && job.how === "surplus"))
    return [{ path, message: "is one too many for this task already, and is being cancelled" }];
  const holder = (await store.byJob(task.account, [jobId])).get(jobId);
  if (!holder || holder.id === task.id) return [];
  const message =
    guessOf(holder) === jobId
      ? `is held provisionally by task ${holder.id}: say first what became of that one's create`
      : `is task ${holder.id}'s: granary show ${holder.id}`;
  return [{ path, message }];
}

function tagFaults({ job: { tag } }: LookedAt, task: TaskDoc, instance: string): readonly string[] {
  if (tag === null || tag === task.id) return [];
  const isOurs: boolean = isOurTag(tag, instance);
  return [
    isOurs
      ? `carries the tag of task ${tag}: attach it to none other`
      : `carries the tag ${tag}, which another program gave it: leave it to that one`,
  ];
}

function lineFaults({ job: { counts, status } }: LookedAt, { lines }: TaskDoc): readonly string[] {
  if (counts === null || counts.total === lines) return [];
  if (counts.total === 0 && !isTerminal(status))
    return ["does not tell its number of lines yet: look again once its provider has read it"];
  return [
    `has ${count(counts.total)} lines, the task ${count(lines)}: a job of this create has exactly as many`,
  ];
}

function timeFaults({ job }: LookedAt, task: TaskDoc, sweep: SweepDoc | undefined): readonly string[] {
  const window = attemptWindow(task);
  const { jobId, createdAt } = job;
  if (!window || createdAt === null) return [];
  const from = window.from - CLOCK_MARGIN_MS;
  const to = window.to + CLOCK_MARGIN_MS;
  if (createdAt < from || createdAt > to)
    return [
      `was made ${instant(createdAt)}: this create can have made one from ${instant(from)} to ${instant(to)} only, differing clocks included`,
    ];
  const seen = sweep?.strangers?.find((stranger) => stranger.jobId === jobId);
  const isOlder =
    seen !== undefined &&
    task.intent !== null &&
    task.intent.perhapsSentAt === undefined &&
    seen.firstSeq <= task.intent.sweepSeq;
  return isOlder ? [`was listed by pass ${seen.firstSeq}, before this create was sent`] : [];
}

function resultFaults({ owner }: LookedAt, task: TaskDoc): readonly string[] {
  if (owner === null || owner === task.id) return [];
  if (owner === FOREIGN)
    return ["its results carry custom ids that are not ours: leave it to whoever made it"];
  return [`its results carry the custom ids of task ${owner}: granary show ${owner}`];
}

function warningsOf(
  { job, owner, unread }: LookedAt,
  task: TaskDoc,
  { dialect }: Account,
): readonly string[] {
  const warnings: string[] = [];
  if (job.counts === null) warnings.push("its provider does not tell how many lines it has");
  if (job.createdAt === null) warnings.push("its provider does not tell when it was made");
  if (job.tag === null && dialect.tags === "shown")
    warnings.push("it carries no tag, and this provider shows the tags of our jobs");
  const fileId = task.intent?.fileId ?? null;
  if (job.inputFileId !== null && fileId !== null && job.inputFileId !== fileId)
    warnings.push(`it was made of the file ${job.inputFileId}, and this create named ${fileId}`);
  if (unread !== null) warnings.push(`its results could not be read: ${unread}`);
  else if (owner === null)
    warnings.push("nothing it shows tells whose it is: no results speak for or against");
  return warnings;
}

function followsOf(task: TaskDoc, jobId: string): readonly string[] {
  const guess = guessOf(task);
  return [
    `task ${task.id} holds ${jobId} for good: nothing is created again for attempt ${task.attempt}, and its answers are taken once it ends`,
    ...(guess === null || guess === jobId
      ? []
      : [`${guess}, which it holds provisionally, is let go and runs on`]),
    task.end
      ? `the task was ended (${task.end.why}): ${jobId} is cancelled at once`
      : `${jobId} is cancelled where its requests are, or when the task's time is over`,
    "if it is not this create's job: its answers fit no line, the lines are sent again, and the true job is paid for besides",
  ];
}
