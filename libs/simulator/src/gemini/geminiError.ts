import { ApiError, type Refusals } from "../http/apiError.ts";
import type { LimitReached } from "../jobs/enqueued.ts";
import { type RpcStatus, rpcStatuses } from "./rpcStatus.ts";

const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";
const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";
const EXHAUSTED = "You exceeded your current quota, please check your plan and billing details.";

/** An answer of this API that is an error, in Google's form: https://ai.google.dev/gemini-api/docs/troubleshooting */
export class GeminiError extends ApiError {
  constructor(status: RpcStatus, message: string, details: readonly object[] = [], http?: number) {
    const code = http ?? rpcStatuses[status].http;
    super(code, message, {
      code: status,
      body: { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } },
    });
  }
}

/** What is said of a file that is not there, has expired, or is another project's: 403, not 404. */
export function noSuchFile(name: string): GeminiError {
  const id = name.replace(/^files\//, "");
  return new GeminiError(
    "PERMISSION_DENIED",
    `You do not have permission to access the File ${id} or it may not exist.`,
  );
}

/** 404 for a batch that this key does not know. */
export function noSuchBatch(): GeminiError {
  return new GeminiError("NOT_FOUND", "Requested entity was not found.");
}

/** A wrong key is answered with 400, not 401. */
export function badKey(): GeminiError {
  return new GeminiError("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
    { "@type": ERROR_INFO, reason: "API_KEY_INVALID", domain: "googleapis.com" },
  ]);
}

/** How a limit of an account is told, whether at create or after it. */
export function tellLimit(reached: LimitReached): string {
  return reached.what === "tokens"
    ? `${EXHAUSTED} Enqueued tokens of batches of ${reached.model}: at most ${reached.limit}.`
    : `${EXHAUSTED} Concurrent batches: at most ${reached.limit}.`;
}

/** Errors that faults ask for. How long to wait stands in the body alone; money that ran out looks like any quota. */
export const geminiRefusals: Refusals = {
  rateLimited: (retryAfterMs) =>
    new GeminiError("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", [
      { "@type": RETRY_INFO, retryDelay: `${retryAfterMs / 1_000}s` },
    ]),
  quotaExhausted: () => new GeminiError("RESOURCE_EXHAUSTED", EXHAUSTED),
  serverError: (status) =>
    status === 503
      ? new GeminiError("UNAVAILABLE", "The model is overloaded. Please try again later.")
      : new GeminiError("INTERNAL", "An internal error has occurred. Please retry.", [], status),
  unauthorized: badKey,
  forbidden: () => new GeminiError("PERMISSION_DENIED", "The caller does not have permission"),
  notFound: noSuchBatch,
};
