import type {
  Artifacts,
  BatchProvider,
  Dialect,
  Fact,
  OutputValidator,
  Price,
  Store,
  Usage,
} from "@granary/domain";
import type { FactBook } from "./factBook.ts";
import type { JobBook } from "./jobBook.ts";

/** The part of the store the checker reads. It writes nothing. */
export type ReadStore = Pick<
  Store,
  | "now"
  | "load"
  | "loadMany"
  | "requests"
  | "tasks"
  | "slicesOf"
  | "loadSlices"
  | "outcomes"
  | "pendingFacts"
  | "dead"
>;

/** A create as the ledger of a provider has it: the simulator's, which knows all jobs of simulated accounts. */
export interface LedgerCreate {
  readonly jobId: string;
  readonly tag: string | null;
  /** When it was carried out, epoch milliseconds. */
  readonly at?: number;
  /** As the provider names it: told, not compared. */
  readonly account?: string;
  /** How many lines the job had; null while that is not known. */
  readonly lines?: number | null;
  /** The custom ids it carried, where they are known: each is then looked for in the task's manifest. */
  readonly customIds?: readonly string[];
  readonly status?: string | null;
  /** What was charged; null while that is not known. */
  readonly charge?: Usage | null;
}

/** What the checker knows of an account. A `Catalogue`'s accounts fit. */
export interface CheckedAccount {
  /** Without it raw lines are not parsed again. */
  readonly dialect?: Pick<Dialect, "decode">;
  /** Without it the jobs of the account are not listed. */
  readonly provider?: Pick<BatchProvider, "list" | "get">;
}

export interface CheckerDeps {
  readonly store: ReadStore;
  readonly artifacts: Pick<Artifacts, "read" | "list">;
  /** The store's instance name (the gate's): what tells our tags from others. */
  readonly instance: string;
  readonly accounts?: ReadonlyMap<string, CheckedAccount>;
  /** Only where they are those the work was done under: rows are then priced again. */
  readonly prices?: readonly Price[];
  /** A check of answers for a schema; called once a schema in one `verify`. Without it answers are not checked again. */
  readonly outputValidator?: (schema: Readonly<Record<string, unknown>>) => OutputValidator;
  /** What was published, in any order, repeated or not. Read once, at the end. */
  readonly facts?: AsyncIterable<Fact> | Iterable<Fact>;
  readonly ledger?: Iterable<LedgerCreate>;
}

export interface CheckOptions {
  /** Our ids of the requests to look at, with the tasks that carried them; all where absent. */
  readonly requests?: readonly string[];
  /** Nobody else is at work. Otherwise only what is stable is judged, and findings are looked at again. */
  readonly quiet: boolean;
  /** Default: the store's clock. */
  readonly now?: number;
  /** How long something may be overdue. Default a minute. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
}

/** What all checks of one `verify` share. */
export interface Checking {
  readonly deps: CheckerDeps;
  readonly store: ReadStore;
  readonly quiet: boolean;
  /** All requests are looked at. */
  readonly whole: boolean;
  readonly now: number;
  readonly graceMs: number;
  readonly signal: AbortSignal;
  readonly jobs: JobBook;
  readonly facts: FactBook;
  /** Paths of artifacts that were read as a whole. */
  readonly readPaths: Set<string>;
  /** The check of a schema's answers; null where there is none. */
  readonly validatorOf: (
    schemaSha: string,
    schema: Readonly<Record<string, unknown>>,
  ) => OutputValidator | null;
}

/** Rows read from the store at once. */
export const PAGE = 500;
