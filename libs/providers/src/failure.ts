/** What a failed call says, before anybody decides what to do about it. */
export interface Failure {
  /** Of the answer; null where there was none. */
  readonly status: number | null;
  /** The provider's code where it gave one, else the HTTP status or the network's code. */
  readonly code: string;
  /** The provider's own code, null where it gave none. */
  readonly providerCode: string | null;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** Nothing was sent: no connection was made, or no address was found. */
  readonly isUnsent: boolean;
  /** A page of HTML came in place of the provider's own error: somebody else answered. */
  readonly isPage: boolean;
}

/**
 * Codes that come only before a connection: nothing can have been sent. `EAI_AGAIN` is the name server's
 * "later". A connect time-out is not among them, for it looks like other time-outs.
 */
const UNSENT: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

/** A call that brought no answer at all: what the chain of its causes says. */
export function networkFailure(error: unknown): Failure {
  const code = networkCode(error);
  return {
    status: null,
    providerCode: null,
    code: code ?? "connection",
    message: causesOf(error),
    retryAfterMs: undefined,
    isUnsent: code !== null && UNSENT.has(code),
    isPage: false,
  };
}

/** The code of the innermost cause. */
function networkCode(error: unknown): string | null {
  let code: string | null = null;
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth += 1) {
    const own: unknown = (at as { code?: unknown }).code;
    if (typeof own === "string") code = own;
    else if (at.name === "TimeoutError") code = "timeout";
  }
  return code;
}

/** "Connection error." alone helps nobody: the causes say which. */
function causesOf(error: unknown): string {
  const told: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth += 1)
    if (at.message && !told.includes(at.message)) told.push(at.message);
  return told.length > 0 ? told.join(": ") : String(error);
}
