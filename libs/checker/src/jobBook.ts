import type { Usage } from "@granary/domain";
import { isOurTag, isTerminal, ProviderTrouble } from "@granary/domain";
import type { CheckerDeps, LedgerCreate } from "./checking.ts";
import type { Notebook } from "./notebook.ts";

/** What the names of simulated accounts end in. */
const SIMULATED = ":simulated";

/** A job that carries a tag of ours, as an account's list or the ledger tells of it. */
export interface SeenJob {
  readonly jobId: string;
  readonly tag: string;
  /** The account that listed it; null where only the ledger knows it. */
  readonly account: string | null;
  readonly createdAt: number | null;
  readonly over: boolean;
  readonly usage: Usage | null;
  readonly ledger: LedgerCreate | null;
}

/** The jobs that carry our tags. */
export interface JobBook {
  /** Whether the ledger speaks of the account: it is the simulator's, and knows simulated accounts alone. */
  isInLedger(account: string): boolean;
  /** Whether the account's jobs were listed to the end. */
  isListed(account: string): boolean;
  ofTask(tag: string): readonly SeenJob[];
  tags(): Iterable<string>;
}

/** Lists every account's jobs and reads the ledger. An account that does not answer is left out, which is told. */
export async function readJobs(
  { accounts, instance, ledger }: Pick<CheckerDeps, "accounts" | "instance" | "ledger">,
  note: Notebook,
  signal: AbortSignal,
): Promise<JobBook> {
  const byTag = new Map<string, Map<string, SeenJob>>();
  const listed = new Set<string>();

  function write(job: SeenJob): void {
    const jobs = byTag.get(job.tag) ?? new Map<string, SeenJob>();
    const known = jobs.get(job.jobId);
    jobs.set(
      job.jobId,
      known ? { ...job, account: job.account ?? known.account, ledger: job.ledger ?? known.ledger } : job,
    );
    byTag.set(job.tag, jobs);
  }

  for (const create of ledger ?? []) {
    if (!isOurTag(create.tag, instance)) continue;
    const { jobId, tag, at = null, charge = null } = create;
    write({ jobId, tag, account: null, createdAt: at, over: charge !== null, usage: charge, ledger: create });
  }
  for (const [account, { provider }] of accounts ?? []) {
    if (!provider) continue;
    try {
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof provider.list>> = await provider.list({ after, signal });
        for (const { jobId, tag, createdAt, status, usage } of page.jobs) {
          if (!isOurTag(tag, instance)) continue;
          const charged = byTag.get(tag)?.get(jobId)?.usage ?? null;
          write({
            jobId,
            tag,
            account,
            createdAt,
            over: isTerminal(status),
            usage: usage ?? charged,
            ledger: null,
          });
        }
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
  return {
    isInLedger: (account) => ledger !== undefined && account.endsWith(SIMULATED),
    isListed: (account) => listed.has(account),
    ofTask: (tag) => [...(byTag.get(tag)?.values() ?? [])],
    tags: () => byTag.keys(),
  };
}
