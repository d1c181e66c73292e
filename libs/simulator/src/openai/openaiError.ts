/** The body of every error of the API: https://platform.openai.com/docs/guides/error-codes */
export interface OpenaiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** An answer that is an error. Thrown by whatever handles a call, sent by the server. */
export class OpenaiError extends Error {
  readonly status: number;
  readonly body: OpenaiErrorBody;
  readonly retryAfterMs: number | null;

  constructor(
    status: number,
    message: string,
    options: { type?: string; param?: string | null; code?: string | null; retryAfterMs?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.body = {
      error: {
        message,
        type: options.type ?? (status >= 500 ? "server_error" : "invalid_request_error"),
        param: options.param ?? null,
        code: options.code ?? null,
      },
    };
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
