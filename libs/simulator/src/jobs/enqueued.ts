import { limitsOf } from "../limits.ts";
import type { Provider } from "../provider.ts";
import type { Scenario } from "../scenario.ts";
import type { Job, JobBook } from "./jobBook.ts";

/** A limit of an account that a new job passes. */
export type LimitReached =
  | { readonly what: "batches"; readonly limit: number }
  | { readonly what: "tokens"; readonly limit: number; readonly model: string };

/** Input tokens of a job: counted once it was read, before that estimated from its size. */
function tokensOfJob(job: Job): number {
  return job.read ? job.read.inputTokens : Math.ceil(job.create.inputBytes / 4);
}

function isOpen(job: Job): boolean {
  return job.ended === null && (job.read === null || job.read.errors.length === 0);
}

function tokensOf(jobs: readonly Job[], model: string): number {
  return jobs.filter(({ create }) => create.model === model).reduce((sum, job) => sum + tokensOfJob(job), 0);
}

/** The limit a create passes that is not yet made, where limits are told at create. */
export function limitAtCreate(
  scenario: Scenario,
  provider: Provider,
  book: JobBook,
  wanted: { readonly account: string; readonly model: string | null; readonly inputBytes: number },
): LimitReached | null {
  const { concurrentBatches, toldBy } = limitsOf(scenario, provider);
  if (toldBy !== "create") return null;
  const { account, model, inputBytes } = wanted;
  const open = book.jobsOf(account).filter(isOpen);
  if (open.length >= concurrentBatches) return { what: "batches", limit: concurrentBatches };
  const limit = model === null ? undefined : scenario.limits.enqueuedTokens[model];
  if (model === null || limit === undefined) return null;
  return tokensOf(open, model) + Math.ceil(inputBytes / 4) > limit ? { what: "tokens", limit, model } : null;
}

/** The limit a job fails for after its create, where limits are told so. */
export function limitAfterCreate(
  job: Job,
  read: { readonly model: string | null; readonly inputTokens: number },
  book: JobBook,
): LimitReached | null {
  const { create, scenario } = job;
  const { concurrentBatches, toldBy } = limitsOf(scenario, create.provider);
  if (toldBy !== "failed") return null;
  const earlier = book
    .jobsOf(create.account)
    .filter((other) => other !== job && isOpen(other) && other.create.ordinal < create.ordinal);
  const { model, inputTokens } = read;
  const limit = model === null ? undefined : scenario.limits.enqueuedTokens[model];
  if (model !== null && limit !== undefined && tokensOf(earlier, model) + inputTokens > limit)
    return { what: "tokens", limit, model };
  return earlier.length >= concurrentBatches ? { what: "batches", limit: concurrentBatches } : null;
}
