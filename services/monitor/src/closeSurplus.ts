import type { JobSnapshot, TaskDoc, TaskJob } from "@granary/domain";
import { changeTask, costOfJob, isTerminal, priceOf, ProviderTrouble } from "@granary/domain";
import type { TaskCommand } from "@granary/domain";
import { accountOf, change } from "@granary/runtime";
import type { StepContext } from "@granary/runtime";
import { reread } from "./reread.ts";
import type { MonitorDeps } from "./settings.ts";

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
        if (!(error instanceof ProviderTrouble)) throw error;
        deps.log.warn({ taskId: held.id, jobId: job.jobId, why: error.why }, "surplus job not reached");
      }
  return task;
}

async function closeOne(
  deps: MonitorDeps,
  held: TaskDoc,
  { jobId, seenAt }: TaskJob,
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
  return write(deps, told, {
    type: "closeSurplus",
    jobId,
    at: deps.clock.now(),
    costMicros: chargeOf(deps, held, seenAt, job),
  });
}

/** What a job that is over has cost: nothing where it finished no line, unknown where its usage is not told. */
function chargeOf(
  { catalogue }: MonitorDeps,
  { provider, account, model, lines }: TaskDoc,
  seenAt: number,
  job: JobSnapshot | null,
): number | null {
  const price = priceOf(catalogue.prices, provider, model, seenAt, account);
  if (job?.usage) return costOfJob(job.usage, lines, price);
  return job && (job.counts?.completed ?? 0) === 0 ? 0 : null;
}

async function write(deps: MonitorDeps, held: TaskDoc, command: TaskCommand): Promise<TaskDoc> {
  const changed = await change(deps.store, "task", held, (current) => changeTask(current, command), {
    at: deps.clock.now(),
  });
  return changed ?? reread(deps.store, "task", held);
}
