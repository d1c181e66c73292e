/** Whole documents as they are when everything is over, with what a test is about on top. */
import type { Cut, Head, Item, Output, RequestDoc, Slice, TaskDoc } from "@granary/domain";
import { canonicalJson, NO_COUNTS, poolKey, sliceId } from "@granary/domain";
import { createHash } from "node:crypto";

/** The clock of every test. */
export const NOW = 1_000_000;
export const ACCOUNT = "openai:simulated";
export const MODEL = "gpt-4.1-mini";
const POOL = { account: ACCOUNT, model: MODEL, endpoint: "/v1/chat/completions" };

function head(id: string, dueAt: number | null): Head {
  return { id, version: 1, by: "", dueAt, claim: 0, owner: null, leaseUntil: 0, strikes: 0, eventSeq: 0 };
}

/** Cuts of these sizes, one after the other. */
export function cutsOf(
  sizes: readonly number[],
  at: (from: number, to: number) => Partial<Cut>,
): readonly Cut[] {
  let next = 0;
  return sizes.map((size, part) => {
    const from = next;
    next += size;
    const where = { offset: 0, length: 0, ...at(from, next) };
    return { part, from, to: next, bytes: 1_000, tokens: 100, estimateMicros: 50, systemKey: "", ...where };
  });
}

export function itemsOf(keys: readonly string[]): readonly Item[] {
  return keys.map((key) => ({ key, prompt: `say ${key}` }));
}

export function endedRequest(
  id: string,
  itemCount: number,
  output: Output,
  with_: Partial<RequestDoc>,
): RequestDoc {
  return {
    ...head(id, null),
    ...POOL,
    state: "ended",
    source: "crm",
    requestId: id,
    contentSha: "c0ffee",
    provider: "openai",
    output,
    schemaSha:
      output.type === "text" ? null : createHash("sha256").update(canonicalJson(output.schema)).digest("hex"),
    priority: 0,
    deadlineAt: null,
    retry: { maxAttempts: 2, backoffMs: 0 },
    maxCostMicros: null,
    isolate: false,
    metadata: {},
    traceparent: null,
    parent: null,
    itemCount,
    input: { inline: [] },
    cuts: [],
    estimateMicros: 50,
    end: null,
    revision: 0,
    replays: [],
    acceptedAt: 1_000,
    endedAt: 9_000,
    result: null,
    counts: NO_COUNTS,
    costMicros: null,
    usage: null,
    results: null,
    waitsFor: null,
    lastError: null,
    ...with_,
  };
}

export function sliceOf(
  request: string,
  part: number,
  generation: number,
  members: Slice["members"],
  with_: Partial<Slice> = {},
): Slice {
  const lines = "ordinals" in members ? members.ordinals.length : members.to - members.from;
  return {
    id: sliceId(request, part, generation),
    request,
    source: "crm",
    account: ACCOUNT,
    poolKey: poolKey(POOL),
    priority: 0,
    deadlineAt: null,
    acceptedAt: 1_000,
    members,
    attempts: generation,
    lines,
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

export function taskOf(id: string, state: TaskDoc["state"], with_: Partial<TaskDoc> = {}): TaskDoc {
  return {
    ...head(id, state === "ended" ? null : NOW),
    ...POOL,
    state,
    provider: "openai",
    poolKey: poolKey(POOL),
    lines: 0,
    bytes: 1_000,
    tokens: 100,
    estimateMicros: 50,
    bySource: {},
    request: null,
    requests: 1,
    sliceCount: 0,
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
    plannedAt: 1_500,
    voidedAt: null,
    submittedAt: null,
    endedAt: state === "ended" ? 8_000 : null,
    result: null,
    ...with_,
  };
}
