import type { Provider } from "./provider.ts";

/** What a job used, in tokens. Cached tokens are part of the input, reasoning tokens part of the output. */
export interface Charge {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** Input that was written to a cache, part of the input; only where the provider charges for it. */
  readonly cacheWriteTokens?: number;
  /** What of it is kept for the longer time. */
  readonly longCacheWriteTokens?: number;
}

/** How a job's lines ended. Those that were left undone count among the failed, and by themselves. */
export interface LineCounts {
  readonly completed: number;
  readonly failed: number;
  readonly unfinished?: number;
}

/** A file somebody uploaded or a job wrote. */
export interface StoredFile {
  readonly id: string;
  readonly account: string;
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: number;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly mimeType?: string;
  /** In base 64. */
  readonly sha256?: string;
}

/** A fault of a job as a whole, as found while its input was read. */
export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly line: number | null;
  readonly param: string | null;
}

/** A create that was carried out, whatever became of its answer. */
export interface CreateRecord {
  readonly kind: "create";
  readonly at: number;
  readonly provider: Provider;
  /** A short hash of the API key. */
  readonly account: string;
  readonly jobId: string;
  readonly tag: string | null;
  /** Counts the folder's jobs from 1. */
  readonly ordinal: number;
  readonly endpoint: string;
  readonly model: string | null;
  /** Null where the lines came in the create's own body. */
  readonly inputFileId: string | null;
  readonly inputBytes: number;
  /** Lines that came in the create's own body, counted as they came. */
  readonly inputLines?: number;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputExpiresAfterSeconds: number | null;
  /** What became of the answer: `lost` and `error` are creates whose caller was not told of the job. */
  readonly answer: "sent" | "late" | "lost" | "error";
  /** What the caller sent to tell a repeated create from a new one; the real API ignores it. */
  readonly idempotencyKey: string | null;
  /** Which repetition this was by the SDK's own count. */
  readonly retryCount: number;
  /** Names of the scenario and of those of its faults that this job carries. */
  readonly scenario: string;
  readonly faults: readonly number[];
}

/** Everything that is written down. */
export type LedgerRecord =
  | CreateRecord
  | {
      readonly kind: "refused";
      readonly at: number;
      readonly provider: Provider;
      readonly account: string;
      readonly tag: string | null;
      readonly status: number;
      readonly code: string | null;
    }
  | { readonly kind: "upload"; readonly at: number; readonly provider: Provider; readonly file: StoredFile }
  | {
      readonly kind: "file_deleted";
      readonly at: number;
      readonly provider: Provider;
      readonly account: string;
      readonly fileId: string;
    }
  | {
      readonly kind: "cancel";
      readonly at: number;
      readonly provider: Provider;
      readonly account: string;
      readonly jobId: string;
    }
  | {
      readonly kind: "job_deleted";
      readonly at: number;
      readonly provider: Provider;
      readonly account: string;
      readonly jobId: string;
    }
  | {
      readonly kind: "read";
      readonly at: number;
      readonly jobId: string;
      readonly model: string | null;
      readonly lines: number;
      readonly inputTokens: number;
      readonly errors: readonly JobError[];
    }
  | {
      readonly kind: "ended";
      readonly at: number;
      readonly jobId: string;
      readonly status: "completed" | "failed" | "expired" | "cancelled";
      readonly lines: number;
      readonly counts: LineCounts;
      readonly charge: Charge;
      readonly output: StoredFile | null;
      readonly errorFile: StoredFile | null;
    }
  | {
      readonly kind: "fault";
      readonly at: number;
      /** Which fault of which scenario struck. */
      readonly scenario: string;
      readonly index: number;
      readonly on: string;
      readonly what: string;
      /** Occurrences seen so far, this one included. */
      readonly seen: number;
      readonly jobId: string | null;
    };
