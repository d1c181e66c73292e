/**
 * The documents of the store. One document is the unit of atomicity: every promise that spans two of them is
 * kept by the order of writes. Instants are epoch milliseconds and end in `At`; money is micro-dollars; sizes
 * are bytes.
 */
import type { Members } from "./members.ts";
import type { Item, Output, RetryPolicy } from "./item.ts";
import type { Counts, Usage } from "./outcome.ts";
import type { JobStatus } from "./batchProvider.ts";
import type { PurgePart } from "./retention.ts";

/** What every driven document begins with. The store alone writes these fields. */
export interface Head {
  readonly id: string;
  /** Rises with every change of state and every signal; a write names the version it was decided on. */
  readonly version: number;
  /** Nonce of the last writer: tells whether a write whose answer was lost was ours. */
  readonly by: string;
  /** When the document wants to be looked at. Null only when nothing is left to do. */
  readonly dueAt: number | null;
  /** Rises with every claim; an owner's write names the claim it was made under. */
  readonly claim: number;
  readonly owner: string | null;
  readonly leaseUntil: number;
  /** Claims since the last orderly end of a step; from 5 the document is poison. */
  readonly strikes: number;
  /** How many facts this document has told. */
  readonly eventSeq: number;
}

/** Kinds of documents that the due loop drives. */
export type Kind = "request" | "task" | "account" | "sweep";
export type Role = "submitter" | "monitor" | "harvester";

/** What a document that does not move is waiting for: the whole list. */
export type WaitsFor =
  | "grant"
  | "limit"
  | "account"
  | "unreachable"
  | "budget"
  | "sweep"
  | "quiet"
  | "settle"
  | "operator";

export interface LastError {
  readonly code: string;
  readonly message: string;
  readonly at: number;
}

/** An immutable file, and what its bytes are. */
export interface ArtifactRef {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A range of a request's items that was cut at acceptance: slice `<request>.<part>.000`. */
export interface Cut {
  readonly part: number;
  /** First ordinal, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Where these items lie in the input artifact; 0 and 0 where the input is inline. */
  readonly offset: number;
  readonly length: number;
  /** Upper bound of the encoded lines. */
  readonly bytes: number;
  readonly tokens: number;
  readonly estimateMicros: number | null;
  /** Digest of the system prompt, so that equal ones travel together (prompt caches). */
  readonly systemKey: string;
}

/** Where a request's results are: in the document itself while they are small, otherwise in a file. */
export type Results = { readonly inline: readonly unknown[] } | ArtifactRef;

export type RequestState = "accepted" | "running" | "closing" | "ended";
export type RequestResult = "succeeded" | "partial" | "cancelled" | "timed_out" | "failed";

export interface RequestEnd {
  readonly at: number;
  readonly why: "cancelled" | "deadline";
}

/** A job that somebody else created, and that a request takes over with its items. */
export interface Adoption {
  readonly jobId: string;
  /** When the provider made it; the time of the adoption where it does not say. */
  readonly createdAt: number;
  /** When we ask for a cancellation ourselves; null where the job had ended already. */
  readonly timeoutAt: number | null;
}

/** What an upstream system asked for. */
export interface RequestDoc extends Head {
  readonly state: RequestState;
  readonly source: string;
  /** The caller's own id, unique within the source. */
  readonly requestId: string;
  readonly contentSha: string;
  readonly provider: string;
  readonly account: string;
  readonly model: string;
  readonly endpoint: string;
  readonly output: Output;
  readonly schemaSha: string | null;
  /** -100 to 100, higher first. */
  readonly priority: number;
  readonly deadlineAt: number | null;
  readonly retry: RetryPolicy;
  readonly maxCostMicros: number | null;
  /** Whether its lines may share a job with other sources'. */
  readonly isolate: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** W3C trace context: the caller's, or one that was begun here; null where an older version accepted it. */
  readonly traceparent: string | null;
  /** The request whose items this one repeats. */
  readonly parent: string | null;
  /** Set where its items travel already, in a job that is not ours: nothing is created for them. */
  readonly adopts?: Adoption;
  readonly itemCount: number;
  readonly input: { readonly inline: readonly Item[] } | ArtifactRef;
  readonly cuts: readonly Cut[];
  readonly estimateMicros: number | null;
  /** Set once: the first end wins. */
  readonly end: RequestEnd | null;
  readonly revision: number;
  readonly acceptedAt: number;
  readonly endedAt: number | null;
  readonly result: RequestResult | null;
  readonly counts: Counts | null;
  readonly costMicros: number | null;
  readonly usage: Usage | null;
  readonly results: Results | null;
  /** Replays that its results have in them, as `<task>:<n>`. */
  readonly replays: readonly string[];
  readonly waitsFor: WaitsFor | null;
  readonly lastError: LastError | null;
  /** When somebody first said that its results were taken out, whole. Set once. */
  readonly exportedAt?: number;
  /** Set where something of it was removed; what its key and its costs need stays. */
  readonly purged?: Purged;
}

/** What was removed of a request on purpose. */
export interface Purged {
  /** When that was last decided. */
  readonly at: number;
  readonly what: readonly PurgePart[];
  /** The tasks that carried it, since its slices may be gone. */
  readonly tasks: readonly string[];
  /** When all of it was gone; null while it is still being removed. */
  readonly doneAt: number | null;
}

/** That a task lacks something on purpose. From `at` on it is not harvested again. */
export interface PurgedTask {
  /** Something of a request that it carried is removed. */
  readonly at: number;
  /** Its files are removed, or about to be; null while another request needs them. */
  readonly filesAt: number | null;
}

export type SliceState = "pending" | "placed" | "harvesting" | "ending" | "settled";

/** A set of items of one request that travels together once. Id: `<request>.<part, 6 digits>.<generation, 3>`. */
export interface Slice {
  readonly id: string;
  readonly request: string;
  readonly source: string;
  readonly account: string;
  readonly poolKey: string;
  readonly priority: number;
  readonly deadlineAt: number | null;
  readonly acceptedAt: number;
  readonly members: Members;
  /** Attempts these items have used up before this slice travels. */
  readonly attempts: number;
  readonly lines: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly estimateMicros: number | null;
  readonly systemKey: string;
  readonly state: SliceState;
  /** Not to be packed earlier. */
  readonly notBefore: number;
  readonly taskId: string | null;
  /** Set where a cancellation or deadline ended the items, not a verdict. */
  readonly endedBy: RequestEnd["why"] | null;
  /** Set where a deadline or time-out of ours cut the slice: the request then ends `timed_out`, not `failed`. */
  readonly cutBy: "deadline" | "timeout" | null;
  /** Items that ended here; those that travel again are in the child slice. */
  readonly counts: Counts | null;
  /** What the provider charged for this slice's lines, final or not. */
  readonly costMicros: number | null;
  readonly usage: Usage | null;
}

export type TaskState =
  | "packing"
  | "void"
  | "planned"
  | "submitting"
  | "unknown"
  | "running"
  | "harvesting"
  | "settling"
  | "ended";
export type TaskResult = "succeeded" | "partial" | "failed" | "timed_out" | "cancelled";

/** Recorded before a create is sent; while it stands and no answer is known, nothing else may be created. */
export interface Intent {
  readonly nonce: string;
  readonly at: number;
  /** When the attempt began, before the intent's own write was sent. */
  readonly startedAt: number;
  /** The account's sweep number that had been completed by then. */
  readonly sweepSeq: number;
  readonly fileId: string | null;
  readonly revokedAt: number | null;
  readonly revokedSeq: number | null;
  /** Set where a store that is lost wrote an intent of this attempt before: then it may have been sent already then. */
  readonly perhapsSentAt?: number;
}

/** A provider job that does this task's work. */
export interface TaskJob {
  readonly jobId: string;
  /**
   * `provisional`: its provider shows no tags, and it fits by time and number of lines. Its results will say whether
   * it is ours; until then it is never cancelled. `surplus`: a second job for the same work; it is cancelled, counted
   * and told.
   */
  readonly how: "created" | "adopted" | "provisional" | "surplus";
  readonly seenAt: number;
  readonly cancelAskedAt: number | null;
  readonly closedAt: number | null;
  readonly costMicros: number | null;
}

/** What an operator said about a create whose answer is not known. Never taken back. */
export interface OperatorVerdict {
  readonly at: number;
  /** Who said so, as they named themselves. */
  readonly by: string;
  /** The attempt it speaks of. */
  readonly attempt: number;
  /** `attached`: this job is ours. `not_created`: no job came of the create; the attempt is given up. */
  readonly says: "attached" | "not_created";
  readonly jobId: string | null;
  readonly note: string;
}

/** What was last heard of the job the task holds. */
export interface ProviderView {
  readonly jobId: string;
  readonly rawStatus: string;
  readonly status: JobStatus;
  readonly counts: { readonly total: number; readonly completed: number; readonly failed: number } | null;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
  /** When a terminal status was first seen. */
  readonly terminalAt: number | null;
  /** When the provider first answered that it does not know the job; null once it knows it again. */
  readonly missingSince: number | null;
  readonly errors: readonly {
    readonly code: string;
    readonly message: string;
    readonly line: number | null;
  }[];
}

export interface RawFile extends ArtifactRef {
  readonly kind: "results" | "errors";
  readonly lines: number;
  /** The file at the provider that it is a copy of; absent where an older version recorded it. */
  readonly fileId?: string;
}

/** The committed decision about every line of a task. */
export interface VerdictsRef extends ArtifactRef {
  readonly rows: number;
  readonly counts: Counts;
  /** Lines that travel again. */
  readonly retries: number;
  readonly costMicros: number | null;
  /** Charged for lines nobody waits for any more: detached, duplicate. */
  readonly unusedMicros: number | null;
  readonly usage: Usage;
  /** Lines of the task for which nothing came, or nothing that could be read; not told by older versions. */
  readonly lacking?: number;
  /** Lines of the result files that are nobody's verdict. */
  readonly aside: { readonly duplicate: number; readonly foreign: number; readonly detached: number };
  /** When they were decided. */
  readonly at: number;
}

export interface Revision extends VerdictsRef {
  readonly revision: number;
  readonly appliedAt: number | null;
}

/** Why there is nothing to fetch for a task that is to be harvested. */
export type NoFetch = "ended" | "job_rejected" | "job_lost" | "results_unavailable";

/** What is to become of an ended task's files at the provider, and what became of them. */
export interface ProviderFiles {
  /** Attempts to remove them that failed. */
  readonly tries: number;
  /** When that was over; null while they are still to be removed. */
  readonly closedAt: number | null;
  /** `left`: the provider would not remove them, or the account's policy had changed. */
  readonly outcome: "removed" | "left" | null;
}

/** The slices that travel in one provider job. Its id is the tag by which the job is found again. */
export interface TaskDoc extends Head {
  readonly state: TaskState;
  readonly account: string;
  readonly provider: string;
  readonly poolKey: string;
  readonly model: string;
  readonly endpoint: string;
  readonly lines: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly estimateMicros: number | null;
  /** Lines of each source. */
  readonly bySource: Readonly<
    Record<string, { readonly lines: number; readonly estimateMicros: number | null }>
  >;
  /** The only request it carries; null where there are several. */
  readonly request: string | null;
  readonly requests: number;
  /** Its only request's trace, or one of its own where there are several; absent where an older version made it. */
  readonly traceparent?: string;
  /** Traces of the requests that share it, the first hundred of them; absent where it has a single one. */
  readonly traces?: readonly string[];
  readonly sliceCount: number;
  readonly priority: number;
  readonly manifest: ArtifactRef | null;
  readonly file: { readonly id: string; readonly expiresAt: number | null } | null;
  /** How many intents were ever written. */
  readonly attempt: number;
  readonly intent: Intent | null;
  readonly jobs: readonly TaskJob[];
  /** Jobs that were held provisionally and turned out to be another's. */
  readonly mistaken?: readonly string[];
  /** What operators said about this task's creates, in order. */
  readonly verdictsOfOperators?: readonly OperatorVerdict[];
  /** `<account>/<jobId>`, or `-/<task id>` while there is none. Unique over all tasks. */
  readonly holds: string;
  /** Set where somebody else created its job: it has no tag of ours, and the manifest names each line's custom id. */
  readonly foreign?: true;
  readonly view: ProviderView | null;
  readonly timeoutAt: number | null;
  readonly raw: readonly RawFile[];
  /** Set when the task ends, where its files at the provider are to be removed. Absent: they are left alone. */
  readonly files?: ProviderFiles;
  readonly noFetch: NoFetch | null;
  readonly verdicts: VerdictsRef | null;
  readonly revisions: readonly Revision[];
  /** A replay that was asked for and is not yet committed. */
  readonly again: { readonly n: number } | null;
  readonly end: { readonly at: number; readonly why: "cancelled" | "deadline" | "timeout" } | null;
  readonly cancelAskedAt: number | null;
  readonly waitsFor: WaitsFor | null;
  readonly lastError: LastError | null;
  readonly plannedAt: number | null;
  readonly voidedAt: number | null;
  readonly submittedAt: number | null;
  readonly endedAt: number | null;
  readonly result: TaskResult | null;
  readonly purged?: PurgedTask;
}

/** A pause of one scope of an account: `create:<model>`, `poll`, `*` and so on. */
export interface Pause {
  readonly until: number;
  readonly why: "limit" | "account" | "unreachable" | "unavailable";
  readonly code: string;
  /** How often in a row: the back-off grows with it. */
  readonly strikes: number;
}

/** Something of a provider's answers that this program does not know, as it was first seen. */
export interface SchemaDrift {
  readonly object: "job" | "line";
  /** A field's path, or `status=` and a status; bounded in length and number. */
  readonly field: string;
  readonly at: number;
}

/** A provider account; its lease is the packer's. */
export interface AccountDoc extends Head {
  readonly state: "open";
  readonly account: string;
  /**
   * Where the provider shows no tags: the task that may send a create. It stands for as long as that task is
   * `submitting` or `unknown`, so there is nothing to give back.
   */
  readonly openCreate?: { readonly taskId: string; readonly at: number };
  readonly pauses: Readonly<Record<string, Pause>>;
  /** Highest number of jobs, or enqueued tokens, a model took before the provider said it was too many. */
  readonly learned: Readonly<Record<string, { readonly jobs?: number; readonly tokens?: number }>>;
  /** What was told of drift, so that each is told once; absent where there was none. */
  readonly drift?: readonly SchemaDrift[];
}

/** A job nobody holds, at a provider that shows no tags: perhaps ours, perhaps not. */
export interface Stranger {
  readonly jobId: string;
  readonly createdAt: number;
  readonly lines: number;
  /** The pass that saw it first: an intent written after that pass did not create it. */
  readonly firstSeq: number;
  /** Whose its results say it is, once it has any: a task's id, or `foreign`. */
  readonly owner: string | null;
}

/** An attempt that was given up for the absence of its job, where a job cannot be told by its tag. */
export interface Suspect {
  readonly taskId: string;
  readonly lines: number;
  readonly from: number;
  readonly to: number;
}

/** The state of listing an account's jobs; its lease is the sweeper's. Id: the account's. */
export interface SweepDoc extends Head {
  readonly state: "open";
  readonly account: string;
  /** Complete passes so far. Only the holder of the claim raises it. */
  readonly seq: number;
  readonly startedAt: number | null;
  /** Live jobs under this key that are not ours; they use up its limits. */
  readonly foreign: { readonly jobs: number; readonly lines: number };
  /** Jobs with our tag and no task. */
  readonly orphans: readonly string[];
  /** Of a restored store: jobs that may carry what is still to be done here. While there are any, nothing is created. */
  readonly forgotten?: readonly string[];
  /** Only where the provider shows no tags: what nobody held when a pass last saw it, the newest first. */
  readonly strangers?: readonly Stranger[];
  readonly suspects?: readonly Suspect[];
  /** By task in `unknown`: the jobs that may be its own, as the last complete pass saw them. */
  readonly candidates?: Readonly<Record<string, readonly string[]>>;
  readonly lastError: LastError | null;
}

/** The one row that serialises admission, and tells this store from its copies. */
export interface Gate {
  readonly version: number;
  readonly grant: { readonly taskId: string; readonly at: number } | null;
  /** 4 characters of [a-z0-9], in every tag of this store. */
  readonly instance: string;
  /** Renewed every minute, here first and then in the artifact store: an older one here is a restored store. */
  readonly epoch: number;
}

/** A message nobody could handle. */
export interface DeadLetter {
  readonly id: string;
  readonly subject: string;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: string;
  readonly at: number;
  readonly redrivenAt: number | null;
}

export interface DocOf {
  readonly request: RequestDoc;
  readonly task: TaskDoc;
  readonly account: AccountDoc;
  readonly sweep: SweepDoc;
}
