/** The port to the truth. Each method is one atomic step on one document, or a bulk of independent ones. */
import type {
  DeadLetter,
  DocOf,
  Gate,
  Kind,
  RequestDoc,
  Role,
  Slice,
  SliceState,
  TaskDoc,
} from "./documents.ts";
import type { Fact } from "./facts.ts";
import type { Counts, Outcome, OutcomeStatus, Usage } from "./outcome.ts";
import type { Signal } from "./signals.ts";

export type Inserted<D> = { readonly inserted: true } | { readonly inserted: false; readonly found: D };

export type Saved<D> =
  | { readonly saved: D }
  /** Nothing was written. The document as it is now; undefined where there is none. */
  | { readonly found: D | undefined };

export interface SaveOptions {
  /** Written in the same step as the document; see stampFacts. */
  readonly facts?: readonly Fact[];
  /** Also demand that the claim is still the one `held` was read under. Default true. */
  readonly asOwner?: boolean;
  /** The new due time; left as it is where absent. */
  readonly dueAt?: number | null;
  /** Give the lease back and clear the strikes: an orderly end of a step. */
  readonly release?: boolean;
  /**
   * The writer's nonce. A write repeated with its nonce after a lost answer says `saved` again if the first one
   * had landed and nobody wrote since. Drawn by the store where absent.
   */
  readonly nonce?: string;
}

export interface SaveOp<K extends Kind> {
  readonly held: DocOf[K];
  /** The new body. Fields of Head in it are ignored: the store writes those. */
  readonly next: DocOf[K];
  readonly options: SaveOptions;
}

/** Which documents to claim: whose turn it is (see duty.ts), and for tasks under which accounts. */
export interface ClaimFilter {
  readonly duty: Role;
  readonly accounts?: readonly string[];
  readonly owner: string;
  readonly leaseMs: number;
  readonly limit: number;
}

export interface Page {
  /** Id of the last row of the page before; from the beginning where absent. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Pending slices of one pool and source, added up, those that may not travel yet included. */
export interface PoolLine {
  readonly poolKey: string;
  readonly source: string;
  readonly slices: number;
  readonly lines: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly topPriority: number;
  readonly oldestAt: number;
  /** Earliest `notBefore` of slices that may not travel yet; null where all may. */
  readonly nextAt: number | null;
}

/** A guarded move of slices from one state to another. */
export interface SliceMove {
  readonly which: { readonly ids: readonly string[] } | { readonly taskId: string };
  /** With `ids`: only those that are placed in this task. */
  readonly ofTask?: string;
  readonly from: readonly SliceState[];
  readonly to: SliceState;
  readonly set?: Partial<Pick<Slice, "taskId" | "endedBy" | "cutBy" | "poolKey" | "notBefore">>;
}

export interface SliceSettlement {
  readonly id: string;
  readonly counts: Counts;
  readonly costMicros: number | null;
  readonly usage: Usage;
  readonly cutBy: Slice["cutBy"];
}

/** What an account has under way: a query over the truth, never a counter. */
export interface AccountUsage {
  /** Tasks in submitting, unknown and running. */
  readonly jobs: number;
  readonly byModel: Readonly<
    Record<string, { readonly jobs: number; readonly tokens: number; readonly submitting: number }>
  >;
  /** Creates whose intent was written in the last minute. */
  readonly createsLastMinute: number;
  /** Micro-dollars since the start of the UTC day: ended tasks' cost, and estimates of those under way. */
  readonly spentMicros: number;
  readonly spentBySource: Readonly<Record<string, number>>;
  /** Start of the oldest attempt still open or running; null where there is none. */
  readonly oldestOpenAt: number | null;
  /** Live jobs under the key that are not ours, from the sweep. */
  readonly foreign: { readonly jobs: number; readonly lines: number };
}

export interface PendingFact {
  readonly fact: Fact;
  readonly at: number;
}

/** Where a store's tables and indexes stand against what this program wants. */
export interface SchemaState {
  /** 0 where nothing is there yet. */
  readonly found: number;
  readonly wanted: number;
  /** What is there in name but not as it has to be, or not at all: each in a sentence. Empty: the store is ready. */
  readonly missing: readonly string[];
}

/** Numbers for metrics and for `granary doctor`, all from one look. */
export interface Gauges {
  readonly tasks: readonly {
    readonly account: string;
    readonly state: string;
    readonly count: number;
    readonly oldestAt: number;
  }[];
  readonly requests: readonly { readonly state: string; readonly count: number; readonly oldestAt: number }[];
  /** Tasks that are running, by model, and since when the oldest one is. */
  readonly running: readonly {
    readonly account: string;
    readonly model: string;
    readonly count: number;
    readonly oldestAt: number;
  }[];
  readonly slicesOpen: number;
  /** Due, and nobody's: by kind, role and account (of a request: its own). */
  readonly overdue: readonly {
    readonly kind: Kind;
    readonly duty: Role;
    readonly account: string;
    readonly count: number;
    readonly oldestDueAt: number;
  }[];
  /** Running tasks whose job the provider will end within the hour. */
  readonly nearExpiry: readonly { readonly account: string; readonly count: number }[];
  readonly sweeps: readonly {
    readonly account: string;
    readonly seq: number;
    /** Jobs with our tag and no task. */
    readonly orphans: number;
    readonly foreignJobs: number;
  }[];
  readonly outbox: { readonly pending: number; readonly oldestAt: number | null };
  readonly poison: readonly { readonly kind: Kind; readonly id: string; readonly strikes: number }[];
  readonly dead: number;
}

export interface RequestFilter {
  readonly source?: string;
  readonly requestId?: string;
  readonly states?: readonly RequestDoc["state"][];
}

export interface TaskFilter {
  readonly account?: string;
  readonly states?: readonly TaskDoc["state"][];
  /** Tasks that carry or carried slices of this request. */
  readonly request?: string;
}

/** What a settled slice's lines cost under other prices. */
export interface SliceRepricing {
  readonly id: string;
  /** What it cost before: where it costs something else meanwhile, nothing is changed. */
  readonly fromMicros: number | null;
  readonly costMicros: number | null;
}

/**
 * @throws StoreUnavailable from every method, where the store does not answer. A write may then have happened.
 */
export interface Store {
  /**
   * Makes tables and indexes as they are wanted, migrating forward. Repeatable, and right with several callers at
   * once: one does it, the others wait. @throws StoreTooNew
   */
  ensure(): Promise<void>;
  /** Where the tables and indexes stand; changes nothing. */
  schema(): Promise<SchemaState>;
  /** The store's own clock: leases and due times are compared on it alone. */
  now(): Promise<number>;

  insertOnce<K extends Kind>(kind: K, doc: DocOf[K], facts?: readonly Fact[]): Promise<Inserted<DocOf[K]>>;
  /** The same for many requests in one step; answers in the order given. */
  insertRequests(
    batch: readonly { readonly doc: RequestDoc; readonly facts: readonly Fact[] }[],
  ): Promise<readonly Inserted<RequestDoc>[]>;
  load<K extends Kind>(kind: K, id: string): Promise<DocOf[K] | undefined>;
  /** Those that exist, in no order. */
  loadMany<K extends Kind>(kind: K, ids: readonly string[]): Promise<readonly DocOf[K][]>;
  /** Tasks by the jobs they hold. */
  byJob(account: string, jobIds: readonly string[]): Promise<ReadonlyMap<string, TaskDoc>>;
  /** Compare-and-set on `held.version` (and claim). A successful write raises the version by one. */
  save<K extends Kind>(
    kind: K,
    held: DocOf[K],
    next: DocOf[K],
    options?: SaveOptions,
  ): Promise<Saved<DocOf[K]>>;
  saveMany<K extends Kind>(kind: K, ops: readonly SaveOp<K>[]): Promise<readonly Saved<DocOf[K]>[]>;
  /** Takes due documents nobody holds: raises claim and strikes, not the version. Oldest due first. */
  claimDue<K extends Kind>(kind: K, filter: ClaimFilter): Promise<readonly DocOf[K][]>;
  /** Prolongs a lease; false where the claim was lost. */
  renew(kind: Kind, id: string, claim: number, leaseMs: number): Promise<boolean>;
  /**
   * Ends a step that found nothing to change: gives the lease back and clears the strikes, where the claim is still
   * the holder's; sets the due time unless somebody woke the document since. `failed` keeps the strikes.
   */
  release(
    kind: Kind,
    held: { readonly id: string; readonly version: number; readonly claim: number },
    dueAt: number | null,
    options?: { readonly failed?: boolean },
  ): Promise<void>;
  /** Frees every lease of owners that are known to be dead. Answers how many. */
  freeLeases(owners: { readonly except: string }): Promise<number>;
  /** Writes a signal on documents that exist: version + 1, due now. Answers how many it reached. */
  signal(kind: Kind, ids: readonly string[], signal: Signal): Promise<number>;
  /** Sets the due time of documents that nobody holds and nobody woke since: only where the version still fits. */
  postpone(
    kind: Kind,
    docs: readonly { readonly id: string; readonly version: number }[],
    dueAt: number,
  ): Promise<void>;

  /** Inserts those that are not there yet. */
  insertSlices(slices: readonly Slice[]): Promise<void>;
  /** Moves what matches; answers the ids that this call moved. */
  moveSlices(move: SliceMove): Promise<readonly string[]>;
  /** harvesting or ending → settled, with the slice's sums. Repeatable. */
  settleSlices(rows: readonly SliceSettlement[]): Promise<void>;
  /** Replaces the cost of slices that are settled, where it is still what it was. Repeatable. */
  repriceSlices(rows: readonly SliceRepricing[]): Promise<void>;
  loadSlices(ids: readonly string[]): Promise<readonly Slice[]>;
  /** What waits to be packed, by pool and source. */
  pools(account: string): Promise<readonly PoolLine[]>;
  /** Pending slices of a source that may travel now: higher priority first, then older, then by system prompt and id. */
  pendingSlices(poolKey: string, source: string, limit: number): Promise<readonly Slice[]>;
  slicesOf(
    which: { readonly taskId: string } | { readonly request: string; readonly open?: boolean },
    page: Page,
  ): Promise<readonly Slice[]>;
  /** One look, ascending, in the index over open slices; never paged, never by state. */
  hasOpenSlice(request: string): Promise<boolean>;
  /** Sums over a request's settled slices. */
  sumSlices(request: string): Promise<{
    readonly counts: Counts;
    readonly costMicros: number | null;
    readonly usage: Usage;
    readonly cutByUs: boolean;
  }>;

  /** Writes rows by decideOutcome; `different` names those that contradict what is there. */
  putOutcomes(
    rows: readonly Outcome[],
  ): Promise<{ readonly inserted: number; readonly different: readonly string[] }>;
  /** In ordinal order. */
  outcomes(
    request: string,
    page: { readonly after?: number | undefined; readonly limit: number; readonly status?: OutcomeStatus },
  ): Promise<readonly Outcome[]>;
  countOutcomes(request: string): Promise<Counts>;

  usage(account: string): Promise<AccountUsage>;
  /** The gate, made at first sight with this instance name. */
  gate(instanceIfNew: string): Promise<Gate>;
  /** Compare-and-set of the grant; null where the version has moved on. */
  grant(version: number, grant: Gate["grant"]): Promise<Gate | null>;
  /** Raises the epoch; a lower one changes nothing. */
  setEpoch(epoch: number): Promise<void>;

  pendingFacts(limit: number): Promise<readonly PendingFact[]>;
  dropFacts(ids: readonly string[]): Promise<void>;
  /** Items of each of these sources that have not ended: the lines of their open slices. */
  backlog(sources: readonly string[]): Promise<Readonly<Record<string, number>>>;

  /** Inserts once by id. */
  putDead(letters: readonly DeadLetter[]): Promise<void>;
  /** In ascending order of id. */
  dead(page: Page): Promise<readonly DeadLetter[]>;
  loadDead(ids: readonly string[]): Promise<readonly DeadLetter[]>;
  /** Notes when letters were sent again; the first time stands. Answers the ids that this call marked. */
  markRedriven(ids: readonly string[], at: number): Promise<readonly string[]>;

  /** Removes a request's outcomes, at most so many; answers how many went. */
  removeOutcomes(request: string, limit: number): Promise<number>;
  /** Removes a request's settled slices, at most so many; answers how many went. */
  removeSlices(request: string, limit: number): Promise<number>;
  /** Requests that ended at this instant or before, the oldest end first, then by id. */
  endedRequests(
    filter: { readonly source?: string; readonly endedBy: number },
    page: {
      readonly after?: { readonly endedAt: number; readonly id: string } | undefined;
      readonly limit: number;
    },
  ): Promise<readonly RequestDoc[]>;
  requests(filter: RequestFilter, page: Page): Promise<readonly RequestDoc[]>;
  tasks(filter: TaskFilter, page: Page): Promise<readonly TaskDoc[]>;
  gauges(): Promise<Gauges>;
  close(): Promise<void>;
}
