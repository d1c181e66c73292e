/** A request and a task with its jobs and verdicts, and the commands that lead a task through its life. */
import type { JobSnapshot, RequestDoc, TaskCommand, TaskDoc, VerdictsRef } from "@granary/domain";
import { NO_COUNTS, newTask } from "@granary/domain";
import { ID, START } from "./rig.ts";

const FILE = { path: "rq/file.jsonl", sha256: "0".repeat(64), bytes: 10 };
const TASK_ID = "grtest-aaaaaaaaaaaaaaaaaaaa";

export function aTask(owner = "process-1"): TaskDoc {
  return newTask({
    id: TASK_ID,
    by: "",
    owner,
    leaseUntil: START,
    account: ID,
    provider: "openai",
    poolKey: "pool",
    model: "gpt-x",
    endpoint: "/v1/responses",
    priority: 0,
  });
}

export function aRequest(given: Partial<RequestDoc> = {}): RequestDoc {
  return {
    id: "rqaaaa",
    version: 1,
    by: "",
    dueAt: START,
    claim: 0,
    owner: null,
    leaseUntil: 0,
    strikes: 0,
    eventSeq: 0,
    state: "accepted",
    source: "shop",
    requestId: "order-1",
    contentSha: "sha",
    provider: "openai",
    account: ID,
    model: "gpt-x",
    endpoint: "/v1/responses",
    output: { type: "text" },
    schemaSha: null,
    priority: 0,
    deadlineAt: null,
    retry: { maxAttempts: 1, backoffMs: 0 },
    maxCostMicros: null,
    isolate: false,
    metadata: {},
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    parent: null,
    itemCount: 10,
    input: { inline: [] },
    cuts: [],
    estimateMicros: null,
    end: null,
    revision: 0,
    acceptedAt: START,
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

export function aJob(given: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    jobId: "batch_1",
    tag: TASK_ID,
    rawStatus: "in_progress",
    status: "running",
    counts: { total: 10, completed: 0, failed: 0 },
    files: {},
    inputFileId: "file_1",
    createdAt: START,
    expiresAt: START + 86_400_000,
    errors: [],
    usage: null,
    ...given,
  };
}

export const VERDICTS: VerdictsRef = {
  ...FILE,
  rows: 10,
  counts: { ...NO_COUNTS, succeeded: 6, failed: 2, expired: 1, byReason: { refused: 1, missing: 1 } },
  retries: 1,
  costMicros: 7,
  unusedMicros: 0,
  usage: { inputTokens: 100, outputTokens: 40, cachedTokens: 25, reasoningTokens: 4 },
  lacking: 0,
  aside: { duplicate: 2, foreign: 0, detached: 0 },
  at: START,
};

const ANSWER = { type: "recordAnswer", timeoutAt: START + 86_400_000 } as const;

/** Commands at instants that are seconds after the start. */
export const COMMANDS = {
  seal: (second: number): TaskCommand => ({
    type: "seal",
    at: START + second * 1000,
    manifest: FILE,
    carried: {
      lines: 10,
      bytes: 1_000,
      tokens: 100,
      estimateMicros: 50,
      bySource: { shop: { lines: 10, estimateMicros: 50 } },
      request: "rqaaaa",
      requests: 1,
      sliceCount: 1,
    },
  }),
  admit: { type: "admit" } as TaskCommand,
  intend: (second: number, nonce: string): TaskCommand => {
    const at = START + second * 1000;
    return {
      type: "recordIntent",
      intent: { nonce, at, startedAt: at, sweepSeq: 0, fileId: "file_1" },
    };
  },
  created: (second: number): TaskCommand => ({
    ...ANSWER,
    at: START + second * 1000,
    answer: { type: "created", job: aJob() },
  }),
  refused: (second: number): TaskCommand => ({
    ...ANSWER,
    at: START + second * 1000,
    answer: { type: "refused", why: "limit", code: "429", message: "slower" },
  }),
  unknown: (second: number): TaskCommand => ({
    ...ANSWER,
    at: START + second * 1000,
    answer: { type: "unknown", code: "500", message: "broke" },
  }),
  ended: (second: number): TaskCommand => ({
    type: "observe",
    at: START + second * 1000,
    job: aJob({ status: "completed", rawStatus: "completed" }),
    settled: true,
  }),
  adopt: (second: number): TaskCommand => ({
    type: "adopt",
    at: START + second * 1000,
    timeoutAt: START + 86_400_000,
  }),
  cancelSurplus: (second: number): TaskCommand => ({
    type: "askCancelSurplus",
    jobId: "batch_2",
    at: START + second * 1000,
  }),
  commit: { type: "commitVerdicts", verdicts: VERDICTS } as TaskCommand,
  finish: (second: number): TaskCommand => ({ type: "finish", at: START + second * 1000 }),
};
