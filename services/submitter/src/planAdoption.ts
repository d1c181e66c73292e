import type { AdoptData, Adoption, Fault, JobSnapshot, RequestDoc, SubmitData } from "@granary/domain";
import { Faulty, isTerminal, requestKey, timeoutAt } from "@granary/domain";
import { examineJob } from "./examineJob.ts";
import { accountIdOf, planRequest } from "./planRequest.ts";
import type { Planned, PlanDeps, PlanOptions } from "./planRequest.ts";
import type { SubmitterDeps } from "./settings.ts";

/** An adoption as it would be accepted. */
export interface PlannedAdoption {
  readonly doc: RequestDoc;
  /** The request of this id, where it was accepted before: then nobody looked at the job. */
  readonly found: RequestDoc | null;
}

/** What planning an adoption needs. */
export type AdoptionDeps = PlanDeps & Pick<SubmitterDeps, "store" | "instance">;

/** The request id of an adoption that names none. */
export function adoptionRequestId({ requestId, jobId }: Pick<AdoptData, "requestId" | "jobId">): string {
  return requestId ?? `adopt-${jobId}`;
}

/**
 * Checks an adopt command whole, its items and its job, and makes the request it asks for. Nothing is inserted, and all
 * that is written is the input artifact of a large one. `dryRun` writes nothing.
 * @throws Faulty with every fault; ProviderTrouble where the account cannot be asked for the job
 */
export async function planAdoption(
  deps: AdoptionDeps,
  data: AdoptData,
  options: PlanOptions = {},
): Promise<PlannedAdoption> {
  const { jobId } = data;
  const requestId = adoptionRequestId(data);
  const find = async (): Promise<RequestDoc | null> =>
    (await deps.store.load("request", requestKey(deps.ids, data.source, requestId))) ?? null;
  const planned = await planItems(deps, { ...data, requestId }, options);
  const doc = "doc" in planned ? withJob(deps, planned.doc, jobId) : null;
  const before = await find();
  if (doc && before) return { doc, found: before };
  const faults: Fault[] = "doc" in planned ? [] : [...planned.faults];
  const account = deps.catalogue.accounts.get(accountIdOf(deps.catalogue, data));
  let job: JobSnapshot | null = null;
  try {
    if (account) {
      const examined = await examineJob(deps, account, jobId, doc?.itemCount ?? null);
      job = examined.job;
      faults.push(...examined.faults);
    }
    if (doc && account && job && faults.length === 0)
      return { doc: { ...doc, adopts: adoptionOf(job, deps.clock.now(), account.settings) }, found: null };
  } catch (error) {
    if (doc) await dropInput(deps, doc);
    throw error;
  }
  if (doc) {
    // The same command may have been carried out meanwhile: then the job is held, and by its own task.
    const meanwhile = await find();
    if (meanwhile) return { doc, found: meanwhile };
    await dropInput(deps, doc);
  }
  throw new Faulty(`${jobId} cannot be adopted`, faults);
}

async function planItems(
  deps: PlanDeps,
  { jobId: _jobId, requestId, ...rest }: AdoptData & { readonly requestId: string },
  options: PlanOptions,
): Promise<Planned | { readonly faults: readonly Fault[] }> {
  const submit: SubmitData = { ...rest, requestId, priority: 0, isolate: false };
  // The job is paid for already: no budget of its source can refuse it.
  const catalogue = { ...deps.catalogue, sources: {} };
  try {
    return await planRequest({ ...deps, catalogue }, submit, options);
  } catch (error) {
    if (error instanceof Faulty) return { faults: error.faults };
    throw error;
  }
}

/** The job is part of what is asked for: the same items without it, or for another one, are other content. */
function withJob({ ids }: PlanDeps, doc: RequestDoc, jobId: string): RequestDoc {
  const contentSha = ids
    .sha256()
    .update(JSON.stringify([doc.contentSha, jobId]))
    .hex();
  return { ...doc, contentSha };
}

/** A job has its time from when it was made; one that is older than that has it anew. */
function adoptionOf(
  job: JobSnapshot,
  now: number,
  { durations }: Parameters<typeof examineJob>[1]["settings"],
): Adoption {
  const createdAt = Math.min(job.createdAt ?? now, now);
  const byAge = timeoutAt(createdAt, durations);
  return {
    jobId: job.jobId,
    createdAt,
    timeoutAt: isTerminal(job.status) ? null : byAge > now ? byAge : timeoutAt(now, durations),
  };
}

async function dropInput({ artifacts }: PlanDeps, { input }: RequestDoc): Promise<void> {
  if ("path" in input) await artifacts.remove(input.path);
}
