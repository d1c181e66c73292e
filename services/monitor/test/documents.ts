/** Documents to test with, each brought to its state by the commands that lead there. */
import type { JobSnapshot, RequestDoc, Slice, TaskCommand, TaskDoc } from "@granary/domain";
import { changeTask, newTask, poolKey, sliceId } from "@granary/domain";

export const START = Date.UTC(2026, 0, 5, 12);
export const ACCOUNT = "openai:simulated";
export const INSTANCE = "test";
const MODEL = "gpt-4o-mini";
const ENDPOINT = "/v1/chat/completions";
const POOL = poolKey({ account: ACCOUNT, model: MODEL, endpoint: ENDPOINT });
const FREE = { claim: 0, owner: null, leaseUntil: 0, strikes: 0, eventSeq: 0 } as const;

/** A task id of this store. */
export const tag = (name: string): string => `gr${INSTANCE}-${name.padEnd(20, "x")}`;

export function aJob(jobId: string, with_: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    jobId,
    tag: null,
    rawStatus: "in_progress",
    status: "running",
    counts: { total: 10, completed: 0, failed: 0 },
    files: {},
    inputFileId: "file_1",
    createdAt: START,
    expiresAt: START + 86_400_000,
    errors: [],
    usage: null,
    ...with_,
  };
}

/** A job that is over, with all its files. */
export const overJob = (jobId: string, with_: Partial<JobSnapshot> = {}): JobSnapshot =>
  aJob(jobId, {
    rawStatus: "completed",
    status: "completed",
    counts: { total: 10, completed: 10, failed: 0 },
    files: { results: "file_2" },
    ...with_,
  });

const MANIFEST = { path: "shared/manifest.jsonl", sha256: "0".repeat(64), bytes: 1 };

/** A task in a state, due now and held by nobody. It carries one request alone where one is named. */
export function aTask(
  name: string,
  state: "packing" | "void" | "planned" | "submitting" | "unknown" | "running" | "harvesting" | "ended",
  with_: Partial<TaskDoc> = {},
): TaskDoc {
  const { request = null, requests = 2 } = with_;
  const carried = {
    lines: 10,
    bytes: 1_000,
    tokens: 100,
    estimateMicros: 50,
    bySource: {},
    request,
    requests,
    sliceCount: 1,
  };
  const job = aJob(`batch_${name}`);
  const seal: TaskCommand = { type: "seal", at: START, manifest: MANIFEST, carried };
  const created: TaskCommand[] = [
    seal,
    { type: "admit" },
    { type: "recordFile", file: { id: `file_${name}`, expiresAt: null } },
    {
      type: "recordIntent",
      intent: { nonce: "n", at: START, startedAt: START, sweepSeq: 0, fileId: `file_${name}` },
    },
  ];
  const running: TaskCommand[] = [
    ...created,
    {
      type: "recordAnswer",
      at: START,
      answer: { type: "created", job },
      timeoutAt: START + 600_000,
    },
  ];
  const lost: TaskCommand[] = [...running, { type: "miss", at: START, lost: true }];
  const counts = { succeeded: 0, failed: 10, expired: 0, cancelled: 0, byReason: {} };
  const usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
  const sums = { rows: 10, counts, retries: 0, costMicros: 0, unusedMicros: 0, usage };
  const verdicts = { ...MANIFEST, ...sums, aside: { duplicate: 0, foreign: 0, detached: 0 }, at: START };
  const commands: Readonly<Record<typeof state, readonly TaskCommand[]>> = {
    packing: [],
    void: [seal, { type: "void", at: START }],
    planned: [seal],
    submitting: created,
    unknown: [...created, { type: "loseAnswer", at: START, why: "its process died" }],
    running,
    harvesting: lost,
    ended: [...lost, { type: "commitVerdicts", verdicts }, { type: "finish", at: START }],
  };
  const task = newTask({
    id: tag(name),
    by: "n",
    owner: "packer",
    leaseUntil: START,
    account: ACCOUNT,
    provider: "openai",
    poolKey: POOL,
    model: MODEL,
    endpoint: ENDPOINT,
    priority: 0,
  });
  const next = changeTask(task, ...commands[state])?.next ?? task;
  return { ...next, ...FREE, dueAt: START, ...with_ };
}

export function aSlice(request: string, part: number, with_: Partial<Slice> = {}): Slice {
  return {
    id: sliceId(request, part, 0),
    request,
    source: "shop",
    account: ACCOUNT,
    poolKey: POOL,
    priority: 0,
    deadlineAt: null,
    acceptedAt: START,
    members: { from: part * 2, to: part * 2 + 2 },
    attempts: 0,
    lines: 2,
    bytes: 100,
    tokens: 10,
    estimateMicros: 5,
    systemKey: "",
    state: "pending",
    notBefore: START,
    taskId: null,
    endedBy: null,
    cutBy: null,
    counts: null,
    costMicros: null,
    usage: null,
    ...with_,
  };
}

/** A running request, due now. */
export function aRequest(id: string, with_: Partial<RequestDoc> = {}): RequestDoc {
  return {
    ...FREE,
    id,
    version: 1,
    by: "n",
    dueAt: START,
    state: "running",
    source: "shop",
    requestId: id,
    contentSha: "sha",
    provider: "openai",
    account: ACCOUNT,
    model: MODEL,
    endpoint: ENDPOINT,
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
    itemCount: 2,
    input: { inline: [] },
    cuts: [],
    estimateMicros: 5,
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
    ...with_,
  };
}
