/** Work whose job has ended: requests, their slices, and the task that carried them. */
import type { JobSnapshot, JobStatus, RequestDoc, Slice, TaskCommand, TaskDoc } from "@granary/domain";
import { changeTask, customId, newTask, ordinalsOf, poolKey, sliceId } from "@granary/domain";

export const START = Date.UTC(2026, 0, 5, 12);
export const ACCOUNT = "openai:simulated";
export const TASK = "grtest-aaaaaaaaaaaaaaaaaaaa";
const MODEL = "gpt-4o-mini";
const ENDPOINT = "/v1/chat/completions";
const POOL = poolKey({ account: ACCOUNT, model: MODEL, endpoint: ENDPOINT });
const FREE = { claim: 0, owner: null, leaseUntil: 0, strikes: 0, eventSeq: 0 } as const;
const SEEN = { at: START, timeoutAt: START + 600_000 };

export interface Work {
  readonly requests: readonly RequestDoc[];
  readonly slices: readonly Slice[];
  readonly task: TaskDoc;
  readonly manifest: string;
}

export function aJob(status: JobStatus = "completed", with_: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    jobId: "batch_1",
    tag: TASK,
    rawStatus: status,
    status,
    counts: null,
    files: {},
    inputFileId: "file_1",
    createdAt: START,
    expiresAt: START + 86_400_000,
    errors: [],
    usage: null,
    ...with_,
  };
}

export function aSlice(request: string, part: number, lines: number, with_: Partial<Slice> = {}): Slice {
  return {
    id: sliceId(request, part, 0),
    request,
    source: "shop",
    account: ACCOUNT,
    poolKey: POOL,
    priority: 0,
    deadlineAt: null,
    acceptedAt: START,
    members: { from: part * lines, to: part * lines + lines },
    attempts: 0,
    lines,
    bytes: 100 * lines,
    tokens: 10 * lines,
    estimateMicros: 5 * lines,
    systemKey: "",
    state: "placed",
    notBefore: START,
    taskId: TASK,
    endedBy: null,
    cutBy: null,
    counts: null,
    costMicros: null,
    usage: null,
    ...with_,
  };
}

/** A running request with as many items, keyed `<id>-<ordinal>`, that nothing wakes by itself. */
export function aRequest(id: string, itemCount: number, with_: Partial<RequestDoc> = {}): RequestDoc {
  const items = Array.from({ length: itemCount }, (_, at) => ({ key: `${id}-${at}`, prompt: "Hi" }));
  const cut = { part: 0, from: 0, to: itemCount, offset: 0, length: 0, bytes: 1, tokens: 1 };
  return {
    ...FREE,
    id,
    version: 1,
    by: "n",
    dueAt: START + 600_000,
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
    metadata: { run: 7 },
    traceparent: null,
    parent: null,
    itemCount,
    input: { inline: items },
    cuts: [{ ...cut, estimateMicros: 5, systemKey: "" }],
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

/** A task that carries these slices and whose job ended so; due now. */
export function workOf(
  requests: readonly RequestDoc[],
  slices: readonly Slice[],
  job: JobSnapshot,
  with_: Partial<TaskDoc> = {},
): Work {
  const [only] = requests;
  const request = requests.length === 1 && only ? only.id : null;
  const lines = slices.reduce((sum, slice) => sum + slice.lines, 0);
  const path = `${request ?? "shared"}/${TASK}/manifest.jsonl`;
  const sums = { bytes: 1, tokens: 1, estimateMicros: 5, bySource: {} };
  const carried = { lines, ...sums, request, requests: requests.length, sliceCount: slices.length };
  const packed = newTask({
    id: TASK,
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
  const commands: readonly TaskCommand[] = [
    { type: "seal", at: START, manifest: { path, sha256: "0".repeat(64), bytes: 1 }, carried },
    { type: "admit" },
    { type: "recordFile", file: { id: "file_1", expiresAt: null } },
    {
      type: "recordIntent",
      intent: { nonce: "n", at: START, startedAt: START, sweepSeq: 0, fileId: "file_1" },
    },
    { type: "recordAnswer", ...SEEN, answer: { type: "created", job: aJob("running") } },
    { type: "observe", at: START, job, settled: true },
  ];
  const task = { ...(changeTask(packed, ...commands)?.next ?? packed), ...FREE, dueAt: START, ...with_ };
  const rows = slices.flatMap((slice) =>
    ordinalsOf(slice.members).map((ordinal) => ({ slice: slice.id, ordinal })),
  );
  return {
    requests,
    slices,
    task,
    manifest: rows.map((row, line) => `${JSON.stringify({ line, ...row })}\n`).join(""),
  };
}

const USAGE = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
type Finish = "stop" | "length" | "content_filter";

/** A line that was answered. */
export function answerLine(line: number, content: string, finish: Finish = "stop", task = TASK): string {
  const message = { role: "assistant", content, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finish }];
  const body = { id: "c", object: "chat.completion", created: 1, model: MODEL, choices, usage: USAGE };
  const response = { status_code: 200, request_id: "r", body };
  return JSON.stringify({ id: "b", custom_id: customId(task, line), response, error: null });
}

/** What an answer of `answerLine` costs in micro-dollars, at the batch price. */
export const ANSWER_MICROS = 105;

/** A line that was not answered. */
export function errorLine(line: number, code: string): string {
  const error = { code, message: "did not finish" };
  return JSON.stringify({ id: "b", custom_id: customId(TASK, line), response: null, error });
}

/** A line that the provider's own trouble ended. */
export function brokenLine(line: number): string {
  const body = {
    error: { message: "The server had an error", type: "server_error", param: null, code: null },
  };
  const response = { status_code: 500, request_id: "r", body };
  return JSON.stringify({ id: "b", custom_id: customId(TASK, line), response, error: null });
}
