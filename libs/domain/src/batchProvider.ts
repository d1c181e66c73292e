/** The port to a provider's batch API, in two halves: what is pure (the dialect), and what talks to it. */
import type { Fault } from "./errors.ts";
import type { Item, Output } from "./item.ts";
import type { Usage } from "./outcome.ts";
import type { TokenEstimate } from "./pricing.ts";

/** A job's status in our words. A status nobody has heard of is `other`, which is never terminal. */
export type JobStatus =
  | "waiting"
  | "running"
  | "cancelling"
  | "completed"
  | "failed"
  | "expired"
  | "cancelled"
  | "other";

const TERMINAL: ReadonlySet<JobStatus> = new Set(["completed", "failed", "expired", "cancelled"]);

/** Whether the provider will do no more work on such a job. */
export function isTerminal(status: JobStatus): boolean {
  return TERMINAL.has(status);
}

/** A provider job as the provider tells of it. */
export interface JobSnapshot {
  readonly jobId: string;
  /** The tag it carries; null where the job is not ours or the provider shows none. */
  readonly tag: string | null;
  readonly rawStatus: string;
  readonly status: JobStatus;
  readonly counts: { readonly total: number; readonly completed: number; readonly failed: number } | null;
  /** File ids; absent while, or because, there is no such file. */
  readonly files: { readonly results?: string; readonly errors?: string };
  readonly inputFileId: string | null;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
  /** Faults of the job as a whole; `line` counts from 1. */
  readonly errors: readonly {
    readonly code: string;
    readonly message: string;
    readonly line: number | null;
  }[];
  /** What the provider says was used, where it says so. */
  readonly usage: Usage | null;
  /** Fields of the job that the adapter does not know, by path; absent where it knows all. Foreign text: clean it. */
  readonly drift?: readonly string[];
}

/** What became of a create. Everything that is not certain is `unknown`. */
export type CreateAnswer =
  | { readonly type: "created"; readonly job: JobSnapshot }
  | {
      readonly type: "refused";
      readonly why: "limit" | "account" | "request" | "unreachable";
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  | { readonly type: "unknown"; readonly code: string; readonly message: string };

/** What one line of a result file says. */
export type DecodedLine =
  | {
      readonly type: "answer";
      readonly customId: string;
      readonly finish: "stop" | "length" | "refusal" | "content_filter" | "tool_calls" | "other";
      /** The answer's text; for tool calls the calls, as JSON. Null where there is none. */
      readonly text: string | null;
      readonly model: string | null;
      readonly usage: Usage;
    }
  | {
      readonly type: "error";
      readonly customId: string;
      readonly ends:
        | "provider_error"
        | "rate_limited"
        | "invalid_request"
        | "refused"
        | "expired"
        | "cancelled";
      readonly code: string;
      readonly message: string;
      readonly usage: Usage | null;
    }
  | { readonly type: "unparseable"; readonly customId: string | null; readonly message: string };

/** Limits of one provider job. */
export interface JobLimits {
  readonly lines: number;
  readonly bytes: number;
  /** Of one line, its end included. */
  readonly lineBytes: number;
  /** Estimated input tokens of one job. */
  readonly tokens: number;
}

/** What every line of a request has in common. */
export interface LineContext {
  readonly model: string;
  readonly endpoint: string;
  readonly output: Output;
}

/** The pure half: how items become lines and lines become outcomes. No clock, no IO. */
export interface Dialect {
  readonly provider: string;
  readonly limits: JobLimits;
  readonly endpoints: readonly [string, ...string[]];
  /**
   * Whether a listing shows which task a job is for. Where it does not, only the custom ids in a job's results say so:
   * then one create is open at a time, and a lost one is found by time and number of lines.
   */
  readonly tags: "shown" | "hidden";
  /** Faults of the schema: no valid JSON Schema, or outside the provider's subset. Paths begin with `output.schema`. */
  schemaFaults(schema: Readonly<Record<string, unknown>>): readonly Fault[];
  /** Faults of one item for this provider (params it does not know, another model inside `body`). Paths are relative to the item. */
  itemFaults(item: Item, context: LineContext): readonly Fault[];
  /**
   * How a job's lines reach the provider: in a file that is uploaded first, or in the create's own body. A body cannot
   * be revoked afterwards, a file can. A function of the size alone: an attempt is repeated in the same way.
   */
  travels(size: { readonly lines: number; readonly bytes: number }): "file" | "body";
  /** One line of the input, without its end. */
  encode(item: Item, context: LineContext, customId: string): string;
  /** Estimated tokens of an item: the input's, and the most that may come out. */
  estimate(item: Item, context: LineContext): TokenEstimate;
  decode(line: string): DecodedLine;
  /** Fields of a line that nobody here knows, by path; none of a line that is no JSON. Parses it once more: for samples. */
  drift(line: string): readonly string[];
  /**
   * Whether a terminal job's files and counts are all there. A provider may say it has finished before it can
   * show what it finished; the caller waits for a while and then takes what there is.
   */
  settled(job: JobSnapshot): boolean;
  /** Why a job failed as a whole: for a limit, for its content, or because of the account. */
  rejection(job: JobSnapshot): "limit" | "account" | "request";
}

/** What a create works on: a file that was uploaded before it, or lines that travel in the create itself. */
export type JobInput =
  | { readonly fileId: string }
  | { readonly lines: AsyncIterable<string>; readonly count: number; readonly bytes: number };

export interface CallOptions {
  readonly signal: AbortSignal;
}

/** The half that talks to the provider. All calls but `create` throw ProviderTrouble. */
export interface BatchProvider {
  /** Streams the lines up. May be repeated: a file nobody names costs nothing. */
  upload(
    lines: AsyncIterable<string>,
    options: CallOptions & { readonly name: string },
  ): Promise<{ readonly fileId: string; readonly bytes: number; readonly expiresAt: number | null }>;
  /** Sends exactly one create, and never repeats it. Answers with a value, whatever happens. */
  create(job: {
    readonly tag: string;
    readonly input: JobInput;
    readonly model: string;
    readonly endpoint: string;
    /** How long to wait for an answer; after it the result is unknown. */
    readonly timeoutMs: number;
  }): Promise<CreateAnswer>;
  /** One page of the account's jobs, newest first. `next` is null on the last page. */
  list(
    options: CallOptions & { readonly after: string | null },
  ): Promise<{ readonly jobs: readonly JobSnapshot[]; readonly next: string | null }>;
  /** The job, or null where this account does not know it. */
  get(jobId: string, options: CallOptions): Promise<JobSnapshot | null>;
  /** Streams a file's bytes. `length` where the provider announced one. Fails on a truncated body. */
  download(
    fileId: string,
    options: CallOptions,
  ): Promise<{ readonly bytes: AsyncIterable<Uint8Array>; readonly length: number | null }>;
  /** Asks for a cancellation. False where the job had ended, or is not known. */
  cancel(jobId: string, options: CallOptions): Promise<boolean>;
  /** Deletes a file. False where it was gone. */
  remove(fileId: string, options: CallOptions): Promise<boolean>;
}
