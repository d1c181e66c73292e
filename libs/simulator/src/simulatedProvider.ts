/** What all simulated providers have in common: a book and a runner on a folder of their own, and one shared ledger. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Refusals } from "./http/apiError.ts";
import { openAttempts } from "./jobs/attempts.ts";
import { clearInputs } from "./jobs/jobInput.ts";
import { type Job, jobBook } from "./jobs/jobBook.ts";
import { jobRunner } from "./jobs/jobRunner.ts";
import type { JobTrade } from "./jobs/jobTrade.ts";
import type { Ordinals } from "./jobs/ordinals.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerRecord } from "./ledgerRecord.ts";
import type { Provider } from "./provider.ts";
import type { ProviderContext, Running } from "./providerContext.ts";
import type { Scenario } from "./scenario.ts";

/** One provider of the simulator, as the server sees it. */
export interface SimulatedProvider {
  readonly provider: Provider;
  /** Takes up a record of the ledger, at start; those of other providers are left alone. */
  replay(record: LedgerRecord): void;
  /** Goes on with what the ledger left open, and serves. */
  start(ledger: Ledger): Promise<void>;
  routes(app: FastifyInstance): void;
  /** Every job, as the provider shows it, with its account. */
  jobs(): Iterable<object>;
  close(): Promise<void>;
}

/** Where and how a provider runs. */
export interface ProviderOptions {
  /** The provider's own. */
  readonly folder: string;
  readonly now: () => number;
  readonly running: () => Running;
  readonly scenarioNamed: (name: string) => Scenario;
  readonly ordinals: Ordinals;
  readonly onError: (error: unknown, jobId: string | null) => void;
}

/** What is a provider's own. */
export interface Personality {
  readonly provider: Provider;
  readonly refusals: Refusals;
  readonly trade: JobTrade;
  /** Adds its routes, under the prefix they have been given. */
  routes(app: FastifyInstance, context: ProviderContext): void;
  /** A job as the provider shows it. */
  show(job: Job, now: number): object;
}

/** Opens a simulated provider on its own folder. */
export async function simulatedProvider(
  personality: Personality,
  options: ProviderOptions,
): Promise<SimulatedProvider> {
  const { folder, now, running, ordinals } = options;
  const { provider, refusals, trade } = personality;
  // What lies there was being written when an earlier process ended; it is written again.
  await rm(join(folder, "parts"), { recursive: true, force: true });
  for (const place of ["files", "inputs", "parts"]) await mkdir(join(folder, place), { recursive: true });
  const attempts = openAttempts(join(folder, "attempts"));
  const book = jobBook(provider, options.scenarioNamed);
  let context: ProviderContext | null = null;

  function opened(): ProviderContext {
    if (!context) throw new Error("the provider has not been started");
    return context;
  }

  return {
    provider,
    replay(record) {
      book.apply(record);
      if (record.kind === "ended") attempts.take(record.jobId);
    },
    async start(ledger) {
      await clearInputs(folder, book);
      const record = async (entry: LedgerRecord) => {
        await ledger.append(entry);
        book.apply(entry);
      };
      const runner = jobRunner({ folder, record, book, attempts, now, trade, onError: options.onError });
      context = {
        provider,
        folder,
        book,
        runner,
        ordinals,
        refusals,
        now,
        running,
        record,
        async strike(operation, subject, jobId) {
          const { faults, name } = running();
          const struck = faults.strikeCall(operation, { ...subject, provider });
          if (!struck) return null;
          const { index, fault, seen } = struck;
          const told = { scenario: name, index, on: operation, what: fault.what, seen, jobId: jobId ?? null };
          await record({ kind: "fault", at: now(), ...told });
          return fault;
        },
        strikeJob: (subject) => running().faults.strikeJob({ ...subject, provider }),
      };
      for (const job of book.jobs.values()) runner.follow(job);
    },
    routes: (app) => personality.routes(app, opened()),
    *jobs() {
      for (const job of book.jobs.values())
        yield {
          provider,
          account: job.create.account,
          jobId: job.create.jobId,
          tag: job.create.tag,
          ...personality.show(job, now()),
        };
    },
    async close() {
      await context?.runner.close();
    },
  };
}
