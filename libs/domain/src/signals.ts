/**
 * Signals: facts that anyone may write onto a document it does not own. Each is set once or monotone, so that
 * their order does not matter (a `resume` that comes late lifts a newer pause: the harm is one more probe); each raises the version, so that an owner's write decided without it no longer
 * fits; each makes the document due.
 */
import type {
  AccountDoc,
  DocOf,
  Kind,
  Pause,
  RequestDoc,
  RequestEnd,
  TaskDoc,
  TaskJob,
} from "./documents.ts";

export type Signal =
  | { readonly type: "wake" }
  | { readonly type: "end"; readonly at: number; readonly why: RequestEnd["why"] | "timeout" }
  | { readonly type: "job"; readonly jobId: string; readonly at: number; readonly how: "created" | "adopted" }
  | { readonly type: "again"; readonly n: number }
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
      return doc;
  }
}

function onRequest(doc: RequestDoc, signal: Signal): RequestDoc {
  if (signal.type !== "end" || signal.why === "timeout" || doc.end || doc.state === "ended") return doc;
  return { ...doc, end: { at: signal.at, why: signal.why } };
}

function onTask(doc: TaskDoc, signal: Signal): TaskDoc {
  switch (signal.type) {
    case "end":
      return doc.end || doc.state === "ended" ? doc : { ...doc, end: { at: signal.at, why: signal.why } };
    case "job": {
      if (doc.jobs.some((job) => job.jobId === signal.jobId)) return doc;
      // The first job seen before the task runs is the one it will hold; any other one is surplus.
      const how = doc.jobs.length === 0 && BEFORE_RUNNING.has(doc.state) ? signal.how : "surplus";
      const job: TaskJob = {
        jobId: signal.jobId,
        how,
        seenAt: signal.at,
        cancelAskedAt: null,
        closedAt: null,
        costMicros: null,
      };
      return { ...doc, jobs: [...doc.jobs, job] };
    }
    case "again":
      return doc.state !== "ended" ||
        (doc.again && doc.again.n >= signal.n) ||
        doc.revisions.length >= signal.n
        ? doc
        : { ...doc, again: { n: signal.n } };
    case "wake":
    case "pause":
    case "resume":
      return doc;
  }
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
