/** Commands: orders to Granary, imperative. All are idempotent and all are answered. */
import { z } from "zod";
import type { Fault } from "./errors.ts";
import { failureReason } from "./outcome.ts";
import { anyObject, item, output, retryPolicy } from "./item.ts";

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/,
    "1 to 128 of A-Z, a-z, 0-9, . _ : @ -, beginning with a letter or digit",
  );

/** A duration such as `30s`, `5m`, `2h`, `1d`, or a number of milliseconds with `ms`. */
export const duration = z
  .string()
  .regex(/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/, "a duration such as 30s, 5m, 2h or 1d");

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration that matches `duration`. */
export function durationMs(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+)(ms|s|m|h|d)$/.exec(text) ?? [];
  return Math.round(Number(amount) * (UNIT_MS[unit] ?? Number.NaN));
}

const LONGEST_DEADLINE_MS = durationMs("3650d");

/** An instant that is further ahead than a date can tell is none. */
const deadline = z.union(
  [z.iso.datetime({ offset: true }), duration.refine((text) => durationMs(text) <= LONGEST_DEADLINE_MS)],
  "an instant such as 2026-01-05T12:00:00Z, or a duration such as 2h, of at most 3650d",
);

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits");
const objectName = z.string().min(1).max(1024);

/** Where the items of a large request lie, one a line, and what the SHA-256 of these bytes is. */
export const itemsRef = z.union(
  [
    /** A JSONL artifact: a relative path in the artifact store. */
    z.strictObject({ path: z.string().min(1), sha256 }),
    /** An entry of a NATS object store. */
    z.strictObject({ bucket: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/), object: objectName, sha256 }),
  ],
  "either path and sha256 (an artifact), or bucket, object and sha256 (an entry of a NATS object store)",
);

const submitFields = {
  source: name,
  /** Idempotency key within the source. */
  requestId: z.string().min(1).max(256),
  provider: z.enum(["openai", "gemini", "anthropic"]),
  /** `default` where it is left out. */
  account: name.optional(),
  model: z.string().min(1).max(128),
  /** The provider's endpoint; its first one where it is left out. */
  endpoint: z.string().min(1).max(128).optional(),
  output: output.default({ type: "text" }),
  priority: z.number().int().min(-100).max(100).default(0),
  /** An instant, or a duration from acceptance. */
  deadline: deadline.optional(),
  retry: retryPolicy.prefault({}),
  maxCostUsd: z.number().positive().optional(),
  isolate: z.boolean().default(false),
  metadata: anyObject.default({}),
  notify: z.unknown().optional(),
  /** W3C trace context. One that cannot be used is no fault: it counts as left out. */
  traceparent: z.string().optional(),
};

function exactlyOneInput(
  value: { readonly items?: unknown; readonly itemsRef?: unknown },
  context: z.RefinementCtx,
): void {
  if ((value.items === undefined) === (value.itemsRef === undefined))
    context.addIssue({
      code: "custom",
      path: ["items"],
      message: "give exactly one of items and itemsRef",
    });
}

/** Everything of a submit command but its items: what a workload file's header line holds. */
export const submitHeader = z.strictObject(submitFields);
export type SubmitHeader = z.infer<typeof submitHeader>;

export const submitData = z
  .strictObject({ ...submitFields, items: z.array(item).optional(), itemsRef: itemsRef.optional() })
  .superRefine(exactlyOneInput);
export type SubmitData = z.infer<typeof submitData>;

/**
 * Takes over a job that somebody else created under an account of ours. The items are those of its input file, in
 * the file's order: `key` is the line's custom id, `body` the provider's own request.
 */
export const adoptData = z
  .strictObject({
    source: name,
    /** Idempotency key within the source; `adopt-<jobId>` where it is left out. */
    requestId: z.string().min(1).max(256).optional(),
    provider: submitFields.provider,
    account: submitFields.account,
    jobId: z.string().min(1).max(240),
    model: submitFields.model,
    endpoint: submitFields.endpoint,
    output: submitFields.output,
    deadline: submitFields.deadline,
    /** Items that failed travel again, as any others, only where more than one attempt is asked for. */
    retry: z
      .strictObject({ ...retryPolicy.shape, maxAttempts: z.number().int().min(1).max(10).default(1) })
      .prefault({}),
    metadata: submitFields.metadata,
    traceparent: submitFields.traceparent,
    items: z.array(item).optional(),
    itemsRef: itemsRef.optional(),
  })
  .superRefine(exactlyOneInput);
export type AdoptData = z.infer<typeof adoptData>;

const which = { source: name, requestId: z.string().min(1).max(256) };

export const cancelData = z.strictObject(which);

export const retryData = z.strictObject({
  ...which,
  /** Id of the new request; `<requestId>-retry` where it is left out. */
  newRequestId: z.string().min(1).max(256).optional(),
  /** Which outcomes travel again. */
  only: z
    .array(z.enum(["failed", "expired", "cancelled"]))
    .min(1)
    .default(["failed", "expired", "cancelled"]),
  reasons: z.array(failureReason).min(1).optional(),
});

export const pollData = z.union([z.strictObject(which), z.strictObject({ taskId: z.string().min(1) })]);

export const COMMAND_DATA = {
  submit: submitData,
  adopt: adoptData,
  cancel: cancelData,
  retry: retryData,
  poll: pollData,
} as const;
export type CommandType = keyof typeof COMMAND_DATA;
export const COMMAND_TYPES = Object.keys(COMMAND_DATA) as readonly CommandType[];

export const COMMAND_PREFIX = "granary.v1.command.";

/** A command as the bus delivers it: decoded JSON whose data is not looked at yet. */
export interface Command {
  readonly id: string;
  readonly type: CommandType;
  readonly data: unknown;
  readonly traceparent?: string;
}

/** The answer to a command. */
export interface Reply {
  /** Our id of the request, where there is one. */
  readonly id: string | null;
  readonly requestId: string | null;
  readonly status: "accepted" | "rejected" | "conflict" | "ended";
  readonly faults?: readonly Fault[];
}

/** The schema of one command's CloudEvents envelope, for the generated catalogue. */
export function commandSchema(type: CommandType): z.ZodType {
  return z.object({
    specversion: z.literal("1.0"),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.literal(`${COMMAND_PREFIX}${type}`),
    time: z.iso.datetime({ offset: true }).optional(),
    datacontenttype: z.literal("application/json").optional(),
    traceparent: z.string().optional(),
    data: COMMAND_DATA[type],
  });
}
