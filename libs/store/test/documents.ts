/** Small whole documents to test with; every field can be given. */
import { createHash, randomUUID } from "node:crypto";
import {
  base32,
  NO_COUNTS,
  NO_USAGE,
  sliceId,
  stampFacts,
  type AccountDoc,
  type Fact,
  type Hasher,
  type Ids,
  type Intent,
  type Kind,
  type Outcome,
  type ProviderView,
  type RequestDoc,
  type Slice,
  type Store,
  type SweepDoc,
  type TaskDoc,
  type TaskJob,
} from "@granary/domain";

export const ACCOUNT = "openai:simulated";
/** An instant that has passed on every clock. */
export const NOON = Date.UTC(2025, 2, 3, 12);

/** Real randomness and digests. */
export const testIds: Ids = {
  nonce: () => randomUUID(),
  random: (length) => base32(createHash("sha256").update(randomUUID()).digest("hex"), length),
  sha256() {
    const hash = createHash("sha256");
    const hasher: Hasher = {
      update(data) {
        hash.update(data);
        return hasher;
      },
      hex: () => hash.digest("hex"),
    };
    return hasher;
  },
};

const HEAD = {
  version: 1,
  by: "",
  dueAt: NOON,
  claim: 0,
  owner: null,
  leaseUntil: 0,
  strikes: 0,
  eventSeq: 0,
} as const;

export function aRequest(given: Partial<RequestDoc> = {}): RequestDoc {
  return {
    ...HEAD,
    id: "rq1",
    state: "accepted",
    source: "shop",
    requestId: "order-1",
    contentSha: "sha",
    provider: "openai",
    account: ACCOUNT,
    model: "gpt-x",
    endpoint: "/v1/responses",
    output: { type: "text" },
    schemaSha: null,
    priority: 0,
    deadlineAt: null,
    retry: { maxAttempts: 3, backoffMs: 0 },
    maxCostMicros: null,
    isolate: false,
    metadata: {},
    traceparent: null,
    parent: null,
    itemCount: 1,
    input: { inline: [{ key: "a", prompt: "Hi" }] },
    cuts: [],
    estimateMicros: null,
    end: null,
    revision: 0,
    acceptedAt: NOON,
    endedAt: null,
    result: null,
    counts: null,
    costMicros: null,
    usage: null,
    results: null,
    replays: [],
    waitsFor: null,
    lastError: null,
    ...given,
  };
}

export function aTask(given: Partial<TaskDoc> = {}): TaskDoc {
  const id = given.id ?? "grtest-1";
  return {
    ...HEAD,
    id,
    state: "planned",
    account: ACCOUNT,
    provider: "openai",
    poolKey: "pool",
    model: "gpt-x",
    endpoint: "/v1/responses",
    lines: 10,
    bytes: 1000,
    tokens: 100,
    estimateMicros: 500,
    bySource: { shop: { lines: 10, estimateMicros: 500 } },
    request: null,
    requests: 1,
    sliceCount: 1,
    priority: 0,
    manifest: null,
    file: null,
    attempt: 0,
    intent: null,
    jobs: [],
    holds: `-/${id}`,
    view: null,
    timeoutAt: null,
    raw: [],
    noFetch: null,
    verdicts: null,
    revisions: [],
    again: null,
    end: null,
    cancelAskedAt: null,
    waitsFor: null,
    lastError: null,
    plannedAt: null,
    voidedAt: null,
    submittedAt: null,
    endedAt: null,
    result: null,
    ...given,
  };
}

export function anAccount(given: Partial<AccountDoc> = {}): AccountDoc {
  return { ...HEAD, id: ACCOUNT, state: "open", account: ACCOUNT, pauses: {}, learned: {}, ...given };
}

export function aSweep(given: Partial<SweepDoc> = {}): SweepDoc {
  const nothing = { startedAt: null, foreign: { jobs: 0, lines: 0 }, orphans: [], lastError: null };
  return { ...HEAD, id: ACCOUNT, state: "open", account: ACCOUNT, seq: 0, ...nothing, ...given };
}

export function aSlice(given: Partial<Slice> = {}): Slice {
  const request = given.request ?? "rq1";
  return {
    id: sliceId(request, 0, 0),
    request,
    source: "shop",
    account: ACCOUNT,
    poolKey: "pool",
    priority: 0,
    deadlineAt: null,
    acceptedAt: NOON,
    members: { from: 0, to: 10 },
    attempts: 0,
    lines: 10,
    bytes: 1000,
    tokens: 100,
    estimateMicros: 500,
    systemKey: "",
    state: "pending",
    notBefore: 0,
    taskId: null,
    endedBy: null,
    cutBy: null,
    counts: null,
    costMicros: null,
    usage: null,
    ...given,
  };
}

export function anOutcome(given: Partial<Outcome> = {}): Outcome {
  return {
    request: "rq1",
    ordinal: 0,
    status: "succeeded",
    usage: NO_USAGE,
    costMicros: 7,
    output: "Hello",
    taskId: "grtest-1",
    attempt: 1,
    revision: 0,
    ...given,
  };
}

export function anIntent(given: Partial<Intent> = {}): Intent {
  const open = { fileId: "file-1", revokedAt: null, revokedSeq: null };
  return { nonce: "n", at: NOON, startedAt: NOON - 100, sweepSeq: 0, ...open, ...given };
}

export function aJob(jobId: string, given: Partial<TaskJob> = {}): TaskJob {
  return {
    jobId,
    how: "created",
    seenAt: NOON,
    cancelAskedAt: null,
    closedAt: null,
    costMicros: null,
    ...given,
  };
}

/** A job that is under way, as it was last seen. */
export function aView(given: Partial<ProviderView> = {}): ProviderView {
  const times = { createdAt: NOON, expiresAt: null, terminalAt: null, missingSince: null };
  return {
    jobId: "b1",
    rawStatus: "in_progress",
    status: "running",
    counts: null,
    ...times,
    errors: [],
    ...given,
  };
}

/** Verdicts with this cost. */
export function verdictsOf(costMicros: number | null, unusedMicros: number | null): TaskDoc["verdicts"] {
  const file = { path: "p", sha256: "s", bytes: 1 };
  const sums = { rows: 10, counts: NO_COUNTS, retries: 0, usage: NO_USAGE };
  const aside = { duplicate: 0, foreign: 0, detached: 0 };
  return { ...file, ...sums, costMicros, unusedMicros, aside, at: NOON };
}

/** The next fact of a document. */
export function aFact(kind: Kind, doc: { id: string; eventSeq: number }): Fact {
  const about = { taskId: doc.id, account: ACCOUNT, model: "gpt-x", request: null, lines: 1 };
  const body = { type: "task.adopted", data: { ...about, jobId: "batch_1", provisional: false } } as const;
  const [fact] = stampFacts(kind, doc, [body], NOON);
  if (!fact) throw new Error("one body gives one fact");
  return fact;
}

/** `many(3, at => …)`: three of them. */
export function many<T>(count: number, make: (at: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

/** Whatever was claimed or found, by id, in order. */
export function idsOf(docs: readonly { readonly id: string }[]): readonly string[] {
  return docs.map(({ id }) => id);
}

/** The store whose turn it is, where several connections write in turns. */
export function turnOf(stores: readonly Store[], at: number): Store {
  const store = stores[at % stores.length];
  if (!store) throw new Error("there are no stores");
  return store;
}
