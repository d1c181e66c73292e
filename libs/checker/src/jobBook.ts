import type { TaskDoc, Usage } from "@granary/domain";
import { isOurTag, isTerminal, ProviderTrouble } from "@granary/domain";
import type { CheckerDeps, LedgerCreate } from "./checking.ts";
import type { Notebook } from "./notebook.ts";

/** What the names of simulated accounts end in. */
const SIMULATED = ":simulated";

/** A job as an account's list or the ledger tells of it. */
export interface SeenJob {
  readonly jobId: string;
  readonly tag: string | null;
  /** The account that listed it; null where only the ledger knows it. */
  readonly account: string | null;
  readonly createdAt: number | null;
  readonly over: boolean;
  readonly usage: Usage | null;
  readonly ledger: LedgerCreate | null;
}

/** The jobs that carry our tags, and all others by their ids. */
export interface JobBook {
  /** Whether the ledger speaks of the account: it is the simulator's, and knows simulated accounts alone. */
  isInLedger(account: string): boolean;
  /** Whether the account's jobs were listed to the end. */
  isListed(account: string): boolean;
  /** Those that carry a tag of ours. */
  tagged(tag: string): readonly SeenJob[];
  /** Those that carry a task's tag; where it adopted a job that has none, that one, too. */
  ofTask(task: Pick<TaskDoc, "id" | "foreign" | "jobs">): readonly SeenJob[];
  tags(): Iterable<string>;
}

/** Lists every account's jobs and reads the ledger. An account that does not answer is left out, which is told. */
export async function readJobs(
  { accounts, instance, ledger }: Pick<CheckerDeps, "accounts" | "instance" | "ledger">,
  note: Notebook,
  signal: AbortSignal,
): Promise<JobBook> {
  const byTag = new Map<string, Map<string, SeenJob>>();
  const others = new Map<string, SeenJob>();
  const listed = new Set<string>();

  function jobsWith(tag: string | null): Map<string, SeenJob> {
    if (!isOurTag(tag, instance)) return others;
    const jobs = byTag.get(tag) ?? new Map<string, SeenJob>();
    byTag.set(tag, jobs);
    return jobs;
  }

  /** Where a listing shows no tags, the ledger does. */
  const tagInLedger = new Map<string, string | null>();

  function write(seen: SeenJob): void {
    const job = { ...seen, tag: seen.tag ?? tagInLedger.get(seen.jobId) ?? null };
    const jobs = jobsWith(job.tag);
    const known = jobs.get(job.jobId);
    jobs.set(
      job.jobId,
      known
        ? {
            ...job,
            account: job.account ?? known.account,
            usage: job.usage ?? known.usage,
            ledger: job.ledger ?? known.ledger,
          }
        : job,
    );
  }

  for (const create of ledger ?? []) {
    const { jobId, tag, at = null, charge = null } = create;
    tagInLedger.set(jobId, tag);
    write({ jobId, tag, account: null, createdAt: at, over: charge !== null, usage: charge, ledger: create });
  }
  for (const [account, { provider }] of accounts ?? []) {
    if (!provider) continue;
    try {
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof provider.list>> = await provider.list({ after, signal });
        for (const { jobId, tag, createdAt, status, usage } of page.jobs)
          write({ jobId, tag, account, createdAt, over: isTerminal(status), usage, ledger: null });
        after = page.next;
      } while (after !== null);
      listed.add(account);
    } catch (error) {
      if (!(error instanceof ProviderTrouble)) throw error;
      note.unproven("V8", `${account} did not answer (${error.code})`);
    }
  }
  if (!ledger)
    note.unproven("V7", "without a ledger only what store and accounts know of jobs was looked at");
  if (listed.size === 0 && !ledger) note.unproven("V8", "no account's jobs could be listed");
  for (const jobs of byTag.values()) note.met("jobs", jobs.size);
  const tagged = (tag: string): readonly SeenJob[] => [...(byTag.get(tag)?.values() ?? [])];
  return {
    isInLedger: (account) => ledger !== undefined && account.endsWith(SIMULATED),
    isListed: (account) => listed.has(account),
    tagged,
    ofTask({ id, foreign, jobs }) {
      const adopted = foreign ? jobs.flatMap(({ jobId }) => others.get(jobId) ?? []) : [];
      return [...tagged(id), ...adopted];
    },
    tags: () => byTag.keys(),
  };
}
