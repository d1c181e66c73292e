/**
 * Signals: facts that anyone may write onto a document it does not own. Each is set once or monotone, so that
 * their order does not matter (a provisional job is dropped where it comes too late; a `resume` that comes late lifts
 * a newer pause: the harm is one more probe); each raises the version, so that an owner's write decided without it no
 * longer fits; each makes the document due.
 */
import type {
  AccountDoc,
  DocOf,
  Kind,
  OperatorVerdict,
  Pause,
  RequestDoc,
  RequestEnd,
  Suspect,
  SweepDoc,
  TaskDoc,
  TaskJob,
} from "./documents.ts";
import { heldJobOf, isProvisional } from "./heldJob.ts";

export type Signal =
  | { readonly type: "wake" }
  | { readonly type: "end"; readonly at: number; readonly why: RequestEnd["why"] | "timeout" }
  | {
      readonly type: "job";
      readonly jobId: string;
      readonly at: number;
      readonly how: "created" | "adopted" | "provisional";
    }
  | { readonly type: "operator"; readonly verdict: OperatorVerdict }
  | { readonly type: "suspect"; readonly suspect: Suspect }
  | { readonly type: "again"; readonly n: number }
  | { readonly type: "exported"; readonly at: number }
  | { readonly type: "pause"; readonly scope: string; readonly pause: Omit<Pause, "strikes"> }
  | { readonly type: "resume"; readonly scope: string };

const BEFORE_RUNNING: ReadonlySet<TaskDoc["state"]> = new Set([
  "packing",
  "planned",
  "submitting",
  "unknown",
]);

/** The document with the signal on it. Idempotent; a signal the kind does not know changes nothing. */
export function applySignal<K extends Kind>(kind: K, doc: DocOf[K], signal: Signal): DocOf[K];
export function applySignal(kind: Kind, doc: DocOf[Kind], signal: Signal): DocOf[Kind] {
  switch (kind) {
    case "request":
      return onRequest(doc as RequestDoc, signal);
    case "task":
      return onTask(doc as TaskDoc, signal);
    case "account":
      return onAccount(doc as AccountDoc, signal);
    case "sweep":
      return onSweep(doc as SweepDoc, signal);
  }
}

function onRequest(doc: RequestDoc, signal: Signal): RequestDoc {
  if (signal.type === "exported")
    return doc.state !== "ended" || doc.exportedAt !== undefined ? doc : { ...doc, exportedAt: signal.at };
  if (signal.type !== "end" || signal.why === "timeout" || doc.end || doc.state === "ended") return doc;
  return { ...doc, end: { at: signal.at, why: signal.why } };
}

function onTask(doc: TaskDoc, signal: Signal): TaskDoc {
  switch (signal.type) {
    case "end":
      return doc.end || doc.state === "ended" ? doc : { ...doc, end: { at: signal.at, why: signal.why } };
    case "job":
      return withJob(doc, signal);
    case "operator":
      return withVerdict(doc, signal.verdict);
    case "again":
      return doc.state !== "ended" ||
        doc.purged !== undefined ||
        (doc.again && doc.again.n >= signal.n) ||
        doc.revisions.length >= signal.n
        ? doc
        : { ...doc, again: { n: signal.n } };
    case "wake":
    case "pause":
    case "resume":
    case "suspect":
    case "exported":
      return doc;
  }
}

/**
 * The first job seen before the task runs is the one it will hold; any other one is surplus. A guess gives way to a
 * job that is known to be ours, and never stands beside one.
 */
function withJob(doc: TaskDoc, { jobId, at, how }: Extract<Signal, { type: "job" }>): TaskDoc {
  const known = doc.jobs.find((job) => job.jobId === jobId);
  if (known) {
    if (known.how !== "provisional" || how === "provisional") return doc;
    return { ...doc, jobs: doc.jobs.map((job): TaskJob => (job === known ? { ...job, how } : job)) };
  }
  const held = heldJobOf(doc);
  const isFree = held ? held.how === "provisional" : BEFORE_RUNNING.has(doc.state);
  const isGuess = how === "provisional";
  if (isGuess && (held || doc.state !== "unknown" || doc.mistaken?.includes(jobId))) return doc;
  const job: TaskJob = {
    jobId,
    how: isFree ? how : "surplus",
    seenAt: at,
    cancelAskedAt: null,
    closedAt: null,
    costMicros: null,
  };
  return { ...doc, jobs: [...doc.jobs, job] };
}

/**
 * An operator speaks of one attempt, while nobody knows what became of it. Once a job is known to be the task's, what
 * is said comes too late: the other job would be cancelled for it.
 */
function withVerdict(doc: TaskDoc, verdict: OperatorVerdict): TaskDoc {
  const said = doc.verdictsOfOperators ?? [];
  const isKnown = heldJobOf(doc) !== undefined && !isProvisional(doc);
  const isOpen =
    doc.attempt === verdict.attempt && !isKnown && (doc.state === "unknown" || doc.state === "running");
  if (!isOpen || said.some(({ attempt, says }) => attempt === verdict.attempt && says === verdict.says))
    return doc;
  const noted = { ...doc, verdictsOfOperators: [...said, verdict] };
  return verdict.says === "attached" && verdict.jobId !== null
    ? withJob(noted, { type: "job", jobId: verdict.jobId, at: verdict.at, how: "adopted" })
    : noted;
}

function onSweep(doc: SweepDoc, signal: Signal): SweepDoc {
  if (signal.type !== "suspect") return doc;
  const { suspect } = signal;
  const there = doc.suspects ?? [];
  return there.some(({ taskId, from }) => taskId === suspect.taskId && from === suspect.from)
    ? doc
    : { ...doc, suspects: [...there, suspect] };
}

function onAccount(doc: AccountDoc, signal: Signal): AccountDoc {
  if (signal.type === "pause") {
    const was = doc.pauses[signal.scope];
    if (was && was.until >= signal.pause.until) return doc;
    const pause = { ...signal.pause, strikes: (was?.strikes ?? 0) + 1 };
    return { ...doc, pauses: { ...doc.pauses, [signal.scope]: pause } };
  }
  if (signal.type === "resume" && doc.pauses[signal.scope]) {
    const { [signal.scope]: _ended, ...pauses } = doc.pauses;
    return { ...doc, pauses };
  }
  return doc;
}
