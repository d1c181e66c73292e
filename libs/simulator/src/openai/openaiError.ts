import { ApiError, type Refusals } from "../http/apiError.ts";
import type { LimitReached } from "../jobs/enqueued.ts";

/** The body of every error of the API: https://platform.openai.com/docs/guides/error-codes */
export interface OpenaiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** An answer of this API that is an error. */
export class OpenaiError extends ApiError {
  constructor(
    status: number,
    message: string,
    options: { type?: string; param?: string | null; code?: string | null; retryAfterMs?: number } = {},
  ) {
    const code = options.code ?? null;
    const body: OpenaiErrorBody = {
      error: {
        message,
        type: options.type ?? (status >= 500 ? "server_error" : "invalid_request_error"),
        param: options.param ?? null,
        code,
      },
    };
    const { retryAfterMs } = options;
    super(status, message, {
      code,
      body,
      headers:
        retryAfterMs === undefined
          ? {}
          : { "retry-after-ms": retryAfterMs, "retry-after": Math.ceil(retryAfterMs / 1_000) },
    });
  }
}

/** 404 for a batch this key does not know. */
export function noSuchBatch(id: string): OpenaiError {
  return new OpenaiError(404, `No batch found with id '${id}'.`);
}

/** 404 for a file this key does not know. */
export function noSuchFile(id: string): OpenaiError {
  return new OpenaiError(404, `No such File object: ${id}`, { param: "id" });
}

/** How a limit of an account is told, whether at create or after it. */
export function tellLimit(reached: LimitReached): { code: string; message: string } {
  return reached.what === "tokens"
    ? {
        code: "token_limit_exceeded",
        message: `Enqueued token limit reached for ${reached.model}. Limit: ${reached.limit} enqueued tokens. Please try again once some in_progress batches have been completed.`,
      }
    : { code: "batch_limit_exceeded", message: `Too many batches in progress. Limit: ${reached.limit}.` };
}

/** Errors that faults ask for. */
export const openaiRefusals: Refusals = {
  rateLimited: (retryAfterMs) =>
    new OpenaiError(429, "Rate limit reached for requests.", {
      type: "requests",
      code: "rate_limit_exceeded",
      retryAfterMs,
    }),
  /** An account that has no money left: https://platform.openai.com/docs/guides/error-codes#api-errors */
  quotaExhausted: () =>
    new OpenaiError(429, "You exceeded your current quota, please check your plan and billing details.", {
      type: "insufficient_quota",
      code: "insufficient_quota",
    }),
  serverError: (status) =>
    new OpenaiError(status, "The server had an error while processing your request. Sorry about that!"),
  unauthorized: () => new OpenaiError(401, "Incorrect API key provided.", { code: "invalid_api_key" }),
  forbidden: () =>
    new OpenaiError(403, "You have insufficient permissions for this operation.", {
      code: "insufficient_permissions",
    }),
  notFound: () => new OpenaiError(404, "The requested resource was not found."),
};
