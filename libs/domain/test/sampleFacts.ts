/** One fact of each type, as a decision tells it. */
import type { FactBody, FactType } from "../src/facts.ts";
import { NO_COUNTS, NO_USAGE } from "../src/outcome.ts";

const ofRequest = { id: "rqaaaa", source: "crm", requestId: "nightly", metadata: { run: 7 } };
const ofTask = {
  taskId: "grtest-aaaaaaaaaaaaaaaaaaaa",
  account: "openai:simulated",
  model: "gpt-4.1-mini",
  request: null,
  lines: 10,
};
const completed = {
  ...ofRequest,
  result: "partial",
  counts: { ...NO_COUNTS, succeeded: 9, failed: 1, byReason: { refused: 1 } },
  costMicros: 17,
  usage: NO_USAGE,
  results: { path: "rqaaaa/results-0.jsonl", sha256: "0".repeat(64), bytes: 99 },
  revision: 0,
  parent: null,
} as const;

export const SAMPLE_FACTS: { readonly [T in FactType]: Extract<FactBody, { readonly type: T }> } = {
  "request.accepted": {
    type: "request.accepted",
    data: {
      ...ofRequest,
      items: 10,
      provider: "openai",
      account: "openai:simulated",
      model: "gpt-4.1-mini",
      deadlineAt: null,
      estimateMicros: null,
    },
  },
  "request.rejected": {
    type: "request.rejected",
    data: {
      source: "crm",
      requestId: "nightly",
      status: "conflict",
      faults: [{ path: "requestId", message: "other content under the same id" }],
    },
  },
  "request.completed": { type: "request.completed", data: completed },
  "request.revised": {
    type: "request.revised",
    data: {
      ...completed,
      revision: 1,
      costMicros: null,
      results: { inline: [{ key: "a" }] },
      parent: "rqbbbb",
    },
  },
  "task.planned": { type: "task.planned", data: { ...ofTask, bytes: 1_000, tokens: 100, requests: 2 } },
  "task.submitted": { type: "task.submitted", data: { ...ofTask, jobId: "batch_1", attempt: 1 } },
  "task.create_unknown": {
    type: "task.create_unknown",
    data: { ...ofTask, attempt: 1, error: { code: "ECONNRESET", message: "socket hang up" } },
  },
  "task.adopted": { type: "task.adopted", data: { ...ofTask, jobId: "batch_1", provisional: false } },
  "task.surplus_found": { type: "task.surplus_found", data: { ...ofTask, jobId: "batch_2" } },
  "task.ended_at_provider": {
    type: "task.ended_at_provider",
    data: { ...ofTask, jobId: "batch_1", status: "completed", rawStatus: "completed" },
  },
  "task.ended": {
    type: "task.ended",
    data: {
      ...ofTask,
      jobId: "batch_1",
      result: "partial",
      counts: completed.counts,
      retries: 1,
      costMicros: 17,
    },
  },
  "provider.schema_drift": {
    type: "provider.schema_drift",
    data: { account: "openai:simulated", provider: "openai", object: "job", field: "status=paused" },
  },
};
