/** Whole documents for tests: each as it begins, with what a test is about on top. */
import { createHash } from "node:crypto";
import type {
  AccountDoc,
  Cut,
  Head,
  RequestDoc,
  Slice,
  SweepDoc,
  TaskDoc,
  TaskJob,
} from "../src/documents.ts";
import type { Ids } from "../src/clock.ts";
import { poolKey, sliceId } from "../src/ids.ts";

const head = (id: string): Head => ({
  id,
  version: 1,
  by: "nonce",
  dueAt: 0,
  claim: 0,
  owner: null,
  leaseUntil: 0,
  strikes: 0,
  eventSeq: 0,
});

const POOL = { account: "openai:simulated", model: "gpt-4.1-mini", endpoint: "/v1/chat/completions" };

export function sampleCut(with_: Partial<Cut> = {}): Cut {
  return {
    part: 0,
    from: 0,
    to: 10,
    offset: 0,
    length: 0,
    bytes: 1_000,
    tokens: 100,
    estimateMicros: 50,
    systemKey: "",
    ...with_,
  };
}

export function sampleRequest(with_: Partial<RequestDoc> = {}): RequestDoc {
  return {
    ...head("rqaaaa"),
    ...POOL,
    state: "accepted",
    source: "crm",
    requestId: "nightly",
    contentSha: "c0ffee",
    provider: "openai",
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
    itemCount: 10,
    input: { inline: [] },
    cuts: [sampleCut()],
    estimateMicros: 50,
    end: null,
    revision: 0,
    replays: [],
    acceptedAt: 1_000,
    endedAt: null,
    result: null,
    counts: null,
    costMicros: null,
    usage: null,
    results: null,
    waitsFor: null,
    lastError: null,
    ...with_,
  };
}

export function sampleSlice(with_: Partial<Slice> = {}): Slice {
  return {
    id: sliceId("rqaaaa", 0, 0),
    request: "rqaaaa",
    source: "crm",
    account: POOL.account,
    poolKey: poolKey(POOL),
    priority: 0,
    deadlineAt: null,
    acceptedAt: 1_000,
    members: { from: 0, to: 10 },
    attempts: 0,
    lines: 10,
    bytes: 1_000,
    tokens: 100,
    estimateMicros: 50,
    systemKey: "",
    state: "pending",
    notBefore: 1_000,
    taskId: null,
    endedBy: null,
    cutBy: null,
    counts: null,
    costMicros: null,
    usage: null,
    ...with_,
  };
}

export function sampleTask(with_: Partial<TaskDoc> = {}): TaskDoc {
  const id = "grtest-aaaaaaaaaaaaaaaaaaaa";
  return {
    ...head(id),
    ...POOL,
    state: "planned",
    provider: "openai",
    poolKey: poolKey(POOL),
    lines: 10,
    bytes: 1_000,
    tokens: 100,
    estimateMicros: 50,
    bySource: { crm: { lines: 10, estimateMicros: 50 } },
    request: "rqaaaa",
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
    ...with_,
  };
}

export function sampleJob(with_: Partial<TaskJob> = {}): TaskJob {
  return {
    jobId: "batch_1",
    how: "created",
    seenAt: 1_000,
    cancelAskedAt: null,
    closedAt: null,
    costMicros: null,
    ...with_,
  };
}

export function sampleAccount(with_: Partial<AccountDoc> = {}): AccountDoc {
  return { ...head(POOL.account), state: "open", account: POOL.account, pauses: {}, learned: {}, ...with_ };
}

export function sampleSweep(with_: Partial<SweepDoc> = {}): SweepDoc {
  return {
    ...head(POOL.account),
    state: "open",
    account: POOL.account,
    seq: 0,
    startedAt: null,
    foreign: { jobs: 0, lines: 0 },
    orphans: [],
    lastError: null,
    ...with_,
  };
}

/** Real digests; random characters that follow from a count. */
export function countingIds(): Ids {
  let count = 0;
  return {
    nonce: () => `nonce-${++count}`,
    random: (length) => String.fromCharCode(97 + (count++ % 26)).repeat(length),
    sha256: () => {
      const hash = createHash("sha256");
      return {
        update(data) {
          hash.update(data);
          return this;
        },
        hex: () => hash.digest("hex"),
      };
    },
  };
}
