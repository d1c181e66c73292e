import { ApiError, type Refusals } from "../http/apiError.ts";
import type { LimitReached } from "../jobs/enqueued.ts";

/** The kinds of error: https://platform.claude.com/docs/en/api/errors */
export type ErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "not_found_error"
  | "request_too_large"
  | "rate_limit_error"
  | "timeout_error"
  | "api_error"
  | "overloaded_error";

const STATUSES: Readonly<Record<ErrorType, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  api_error: 500,
  overloaded_error: 529,
};

/** The form of an error, in answers and in result lines; whoever sends it adds the id of the request. */
export function errorBody(type: ErrorType, message: string, requestId: string | null = null) {
  return { type: "error", error: { type, message }, request_id: requestId };
}

/** An answer of this API that is an error. */
export class AnthropicError extends ApiError {
  constructor(
    type: ErrorType,
    message: string,
    options: { readonly status?: number; readonly retryAfterMs?: number } = {},
  ) {
    const { retryAfterMs } = options;
    super(options.status ?? STATUSES[type], message, {
      code: type,
      body: errorBody(type, message),
      headers: retryAfterMs === undefined ? {} : { "retry-after": Math.ceil(retryAfterMs / 1_000) },
    });
  }
}

/** 404 for a batch that this key does not know. */
export function noSuchBatch(id: string): AnthropicError {
  return new AnthropicError("not_found_error", `Message batch ${id} not found.`);
}

/** 429 for a create that passes a limit of the account. */
export function limitError(reached: LimitReached): AnthropicError {
  return new AnthropicError(
    "rate_limit_error",
    reached.what === "tokens"
      ? `This request would exceed your organization's limit of ${reached.limit} input tokens in the batch queue for ${reached.model}.`
      : `This request would exceed your organization's limit of ${reached.limit} message batches in the processing queue.`,
  );
}

/** Errors that faults ask for. Money that ran out comes as an invalid request. */
export const anthropicRefusals: Refusals = {
  rateLimited: (retryAfterMs) =>
    new AnthropicError("rate_limit_error", "This request would exceed your organization's rate limit.", {
      retryAfterMs,
    }),
  quotaExhausted: () =>
    new AnthropicError(
      "invalid_request_error",
      "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
    ),
  serverError: (status) =>
    status === 529
      ? new AnthropicError("overloaded_error", "Overloaded")
      : new AnthropicError("api_error", "Internal server error", { status }),
  unauthorized: () => new AnthropicError("authentication_error", "invalid x-api-key"),
  forbidden: () =>
    new AnthropicError(
      "permission_error",
      "Your API key does not have permission to use the specified resource.",
    ),
  notFound: () => new AnthropicError("not_found_error", "Not found"),
};
