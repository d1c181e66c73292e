import type { JobSnapshot, TaskDoc, TaskJob } from "@granary/domain";
import { BrokenTransfer, changeTask, costOfJob, isTerminal, priceOf, ProviderTrouble } from "@granary/domain";
import type { TaskCommand } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import { reread } from "./reread.ts";
import type { MonitorDeps } from "./settings.ts";
import { usageOfJob } from "./usageOfJob.ts";

/**
 * Looks after provider jobs that do work another job does already: each is told of, cancelled until it has ended,
 * and its cost read. The task as it then is.
 */
export async function closeSurplus(deps: MonitorDeps, held: TaskDoc, context: StepContext): Promise<TaskDoc> {
  let task = held;
  for (const job of held.jobs)
    if (job.how === "surplus" && job.closedAt === null)
      try {
        task = await closeOne(deps, task, job, context);
      } catch (error) {
        if (!(error instanceof ProviderTrouble || error instanceof BrokenTransfer)) throw error;
        deps.log.warn({ taskId: held.id, jobId: job.jobId, err: error }, "surplus job not reached");
      }
  return task;
}

async function closeOne(
  deps: MonitorDeps,
  held: TaskDoc,
  { jobId }: TaskJob,
  { signal }: StepContext,
): Promise<TaskDoc> {
  const { provider } = accountOf(deps, held.account);
  deps.log.error({ taskId: held.id, jobId }, "surplus job at the provider");
  // Told before it is cancelled, so that it is told whatever happens next.
  const told = await write(deps, held, { type: "askCancelSurplus", jobId, at: deps.clock.now() });
  const job = await provider.get(jobId, { signal });
  if (job && !isTerminal(job.status)) {
    await provider.cancel(jobId, { signal });
    return told;
  }
  const costMicros = await costOf(deps, told, jobId, job, { signal });
  return write(deps, told, { type: "closeSurplus", jobId, at: deps.clock.now(), costMicros });
}

/**
 * What a job that is over has cost: nothing where it finished no line, unknown where its usage is told nowhere. What is
 * told in its results alone may take a while to be there.
 * @throws ProviderTrouble, BrokenTransfer where it is worth another look
 */
async function costOf(
  deps: MonitorDeps,
  { id, provider, account, model, lines, jobs }: TaskDoc,
  jobId: string,
  job: JobSnapshot | null,
  context: StepContext,
): Promise<number | null> {
  if (!job) return null;
  if (!job.usage && (job.counts?.completed ?? 0) === 0) return 0;
  const { quietMs, settleMs } = accountOf(deps, account).settings.durations;
  const { seenAt, cancelAskedAt } = jobs.find((each) => each.jobId === jobId) ?? { seenAt: 0 };
  try {
    const used = await usageOfJob(deps, account, job, context);
    return used && costOfJob(used, lines, priceOf(deps.catalogue.prices, provider, model, seenAt, account));
  } catch (error) {
    const waitedMs = deps.clock.now() - (cancelAskedAt ?? seenAt);
    const isGone = error instanceof ProviderTrouble && error.why === "not_found";
    if (!isGone || waitedMs < Math.max(quietMs, settleMs)) throw error;
    deps.log.error({ taskId: id, jobId }, "what a surplus job has cost is told nowhere");
    return null;
  }
}

async function write(deps: MonitorDeps, held: TaskDoc, command: TaskCommand): Promise<TaskDoc> {
  const changed = await change(deps.store, "task", held, (current) => changeTask(current, command), {
    at: deps.clock.now(),
  });
  return changed ?? reread(deps.store, "task", held);
}
