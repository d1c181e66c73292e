/** A fact of each type, as it is told. */
import { createHash } from "node:crypto";
import type { FactBody, FactType } from "../../libs/domain/src/facts.ts";

const REQUEST = "rqmfzwizltgi2dqnrtgm4tqojt";
const TASK = "gr7k2p-abcdefghij234567klmn";

const ofRequest = {
  id: REQUEST,
  source: "crm",
  requestId: "nightly-2026-11-25",
  metadata: { workflow: "reviews", run: 7 },
};
const ofTask = {
  taskId: TASK,
  account: "openai:default",
  model: "gpt-4o-mini",
  request: REQUEST,
  lines: 2,
};
const counts = { succeeded: 1, failed: 1, expired: 0, cancelled: 0, byReason: { refused: 1 } };
const usage = { inputTokens: 61, outputTokens: 14, cachedTokens: 0, reasoningTokens: 0 };
const jobId = "batch_6834f1c2";

/** The data of each fact's example. */
export const FACT_EXAMPLES: {
  readonly [T in FactType]: Extract<FactBody, { readonly type: T }>["data"];
} = {
  "request.accepted": {
    ...ofRequest,
    items: 2,
    provider: "openai",
    account: "openai:default",
    model: "gpt-4o-mini",
    deadlineAt: "2026-11-26T04:00:00.000Z",
    estimateMicros: 120,
  },
  "request.rejected": {
    source: "crm",
    requestId: "nightly-2026-11-25",
    status: "rejected",
    faults: [{ key: "review-2", path: "items[1].params.topP", message: "has to be greater than 0" }],
  },
  "request.completed": {
    ...ofRequest,
    result: "partial",
    counts,
    costMicros: 9,
    usage,
    results: {
      path: `${REQUEST}/results-0.jsonl`,
      sha256: createHash("sha256").update("results").digest("hex"),
      bytes: 731,
    },
    revision: 0,
    parent: null,
  },
  "request.revised": {
    ...ofRequest,
    result: "succeeded",
    counts: { succeeded: 2, failed: 0, expired: 0, cancelled: 0, byReason: {} },
    costMicros: 9,
    usage,
    results: { inline: [] },
    revision: 1,
    parent: null,
  },
  "task.planned": { ...ofTask, bytes: 812, tokens: 160, requests: 1 },
  "task.submitted": { ...ofTask, jobId, attempt: 1 },
  "task.create_unknown": {
    ...ofTask,
    attempt: 1,
    error: { code: "ECONNRESET", message: "the connection was reset before an answer came" },
  },
  "task.adopted": { ...ofTask, jobId, provisional: false },
  "task.surplus_found": { ...ofTask, jobId: "batch_99c0ffee" },
  "task.ended_at_provider": { ...ofTask, jobId, status: "completed", rawStatus: "completed" },
  "task.ended": { ...ofTask, jobId, result: "partial", counts, retries: 0, costMicros: 9 },
  "provider.schema_drift": {
    account: "openai:default",
    provider: "openai",
    object: "job",
    field: "status=paused",
  },
};
