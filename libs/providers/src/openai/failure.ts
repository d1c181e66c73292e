import { APIError } from "openai";
import type { Clock } from "@granary/domain";
import { retryAfterMs } from "../retryAfter.ts";

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
}

/**
 * Codes that come only before a connection: nothing can have been sent. `EAI_AGAIN` is the name server's
 * "later". A connect time-out is not among them, for it looks like other time-outs.
 */
const UNSENT: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

/** Reads an error that the SDK threw. */
export function readFailure(error: unknown, clock: Pick<Clock, "now">): Failure {
  const status = error instanceof APIError && typeof error.status === "number" ? error.status : null;
  const providerCode = status === null ? null : providerCodeOf(error as APIError);
  const network = status === null ? networkCode(error) : null;
  return {
    status,
    providerCode,
    code: providerCode ?? (status === null ? (network ?? "connection") : String(status)),
    message: messageOf(error),
    retryAfterMs:
      error instanceof APIError && error.headers ? retryAfterMs(error.headers, clock.now()) : undefined,
    isUnsent: network !== null && UNSENT.has(network),
  };
}

function providerCodeOf({ code, type }: APIError): string | null {
  const told: unknown = code ?? (type === "insufficient_quota" ? type : null);
  return typeof told === "string" && told !== "" ? told : null;
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
function messageOf(error: unknown): string {
  if (error instanceof APIError && typeof error.status === "number") return error.message;
  const told: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth += 1)
    if (at.message && !told.includes(at.message)) told.push(at.message);
  return told.length > 0 ? told.join(": ") : String(error);
}
