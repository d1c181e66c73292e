/** Facts: what happened, in the past tense. A state change and its fact are written in one document update. */
import { z } from "zod";
import { failureReason, usage } from "./outcome.ts";

const counts = z.object({
  succeeded: z.number().int(),
  failed: z.number().int(),
  expired: z.number().int(),
  cancelled: z.number().int(),
  byReason: z.partialRecord(failureReason, z.number().int()),
});

const artifactRef = z.object({ path: z.string(), sha256: z.string(), bytes: z.number().int() });

const fault = z.object({
  key: z.string().optional(),
  path: z.string(),
  message: z.string(),
  code: z.literal("backlog_full").optional(),
});

const ofRequest = {
  /** Our id of the request. */
  id: z.string(),
  source: z.string(),
  requestId: z.string(),
  metadata: z.record(z.string(), z.unknown()),
};

const ofTask = {
  taskId: z.string(),
  account: z.string(),
  model: z.string(),
  /** The only request the task carries; null where there are several. */
  request: z.string().nullable(),
  lines: z.number().int(),
};

const completed = z.object({
  ...ofRequest,
  result: z.enum(["succeeded", "partial", "cancelled", "timed_out", "failed"]),
  counts,
  /** Micro-dollars; null where a price is not known. */
  costMicros: z.number().int().nullable(),
  usage,
  results: z.union([z.object({ inline: z.array(z.unknown()) }), artifactRef]),
  revision: z.number().int(),
  parent: z.string().nullable(),
});

const errorOf = z.object({ code: z.string(), message: z.string() }).nullable();

/** The data of each fact, by type. */
export const FACT_DATA = {
  "request.accepted": z.object({
    ...ofRequest,
    items: z.number().int(),
    provider: z.string(),
    account: z.string(),
    model: z.string(),
    deadlineAt: z.string().nullable(),
    estimateMicros: z.number().int().nullable(),
  }),
  "request.rejected": z.object({
    source: z.string(),
    requestId: z.string(),
    status: z.enum(["rejected", "conflict"]),
    faults: z.array(fault),
  }),
  "request.completed": completed,
  "request.revised": completed,
  "task.planned": z.object({
    ...ofTask,
    bytes: z.number().int(),
    tokens: z.number().int(),
    requests: z.number().int(),
  }),
  "task.submitted": z.object({ ...ofTask, jobId: z.string(), attempt: z.number().int() }),
  "task.create_unknown": z.object({ ...ofTask, attempt: z.number().int(), error: errorOf }),
  "task.adopted": z.object({
    ...ofTask,
    jobId: z.string(),
    /** Whether it only fits by time and number of lines; told again once its results have shown that it is ours. */
    provisional: z.boolean(),
  }),
  "task.surplus_found": z.object({ ...ofTask, jobId: z.string() }),
  "task.ended_at_provider": z.object({
    ...ofTask,
    jobId: z.string(),
    status: z.string(),
    rawStatus: z.string(),
  }),
  "task.ended": z.object({
    ...ofTask,
    jobId: z.string().nullable(),
    result: z.enum(["succeeded", "partial", "failed", "timed_out", "cancelled"]),
    counts,
    retries: z.number().int(),
    costMicros: z.number().int().nullable(),
  }),
  "provider.schema_drift": z.object({
    account: z.string(),
    provider: z.string(),
    object: z.enum(["job", "line"]),
    /** A field's path, or `status=` and a status that nobody has heard of. */
    field: z.string(),
  }),
} as const;

export type FactType = keyof typeof FACT_DATA;
export const FACT_TYPES = Object.keys(FACT_DATA) as readonly FactType[];

/** What a decision says happened, before it has a place in the document's history. */
export type FactBody = {
  [T in FactType]: { readonly type: T; readonly data: z.infer<(typeof FACT_DATA)[T]> };
}[FactType];

/** A fact as it is stored and published: CloudEvents 1.0, structured mode. */
export interface Fact {
  readonly specversion: "1.0";
  /** `<kind>:<document id>:<eventSeq>`: the message id, deterministic, so that a repeat is known as one. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly traceparent?: string;
  readonly data: FactBody["data"];
}

export const FACT_PREFIX = "granary.v1.fact.";

/** Gives facts their place in the history of the document they are about. */
export function stampFacts(
  kind: string,
  doc: { readonly id: string; readonly eventSeq: number; readonly traceparent?: string | null },
  bodies: readonly FactBody[],
  at: number,
): readonly Fact[] {
  return bodies.map((body, index) => ({
    specversion: "1.0",
    id: `${kind}:${doc.id}:${doc.eventSeq + 1 + index}`,
    source: "granary",
    type: `${FACT_PREFIX}${body.type}`,
    subject: doc.id,
    time: new Date(at).toISOString(),
    datacontenttype: "application/json",
    ...(doc.traceparent ? { traceparent: doc.traceparent } : {}),
    data: body.data,
  }));
}

/** The schema of one fact's envelope and data, for the generated catalogue. */
export function factSchema(type: FactType): z.ZodType {
  return z.object({
    specversion: z.literal("1.0"),
    id: z.string(),
    source: z.literal("granary"),
    type: z.literal(`${FACT_PREFIX}${type}`),
    subject: z.string(),
    time: z.iso.datetime(),
    datacontenttype: z.literal("application/json"),
    traceparent: z.string().optional(),
    data: FACT_DATA[type],
  });
}
