/** An answer that is an error, in its provider's form. Thrown by whatever handles a call, sent by the server. */
export class ApiError extends Error {
  readonly status: number;
  /** The error's machine-readable word, for the ledger. */
  readonly code: string | null;
  readonly body: object;
  readonly headers: Readonly<Record<string, string | number>>;

  constructor(
    status: number,
    message: string,
    told: {
      readonly code: string | null;
      readonly body: object;
      readonly headers?: Readonly<Record<string, string | number>>;
    },
  ) {
    super(message);
    this.status = status;
    this.code = told.code;
    this.body = told.body;
    this.headers = told.headers ?? {};
  }
}

/** How a provider words the errors that faults ask for. */
export interface Refusals {
  rateLimited(retryAfterMs: number): ApiError;
  quotaExhausted(): ApiError;
  serverError(status: number): ApiError;
  unauthorized(): ApiError;
  forbidden(): ApiError;
  notFound(): ApiError;
}
