import { ProviderTrouble, type Trouble } from "@granary/domain";
import type { Failure } from "./failure.ts";
import type { Redactor } from "./redactor.ts";

/** What an SDK's call is given: a signal that ends it, and its time. */
export interface CallRequest {
  readonly signal: AbortSignal;
  readonly timeout: number;
}

/** Makes one call and turns what it throws into ours. */
export type ProviderCall = <T>(
  signal: AbortSignal,
  timeoutMs: number,
  send: (request: CallRequest) => Promise<T>,
) => Promise<T>;

/**
 * Calls that may be repeated by whoever makes them: all throw ProviderTrouble, which holds no secret, nor does its
 * cause, or the reason of the caller's signal. A deadline of their own also covers the answer's body.
 */
export function providerCall({
  readFailure,
  troubleOf,
  redact,
}: {
  readonly readFailure: (error: unknown) => Failure;
  readonly troubleOf: (failure: Failure) => Trouble;
  readonly redact: Redactor;
}): ProviderCall {
  return async (signal, timeoutMs, send) => {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return await send({ signal: limit, timeout: timeoutMs });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ProviderTrouble) throw error;
      const failure = readFailure(error);
      const told = troubleOf(failure);
      // A page that is not there proves nothing about a job or a file: the base URL is wrong.
      const why = told === "not_found" && failure.isPage ? "account" : told;
      throw new ProviderTrouble(why, redact.text(failure.code), redact.text(failure.message), {
        cause: redact.error(error),
        retryAfterMs: failure.retryAfterMs,
      });
    }
  };
}

/** Null for "not under this account"; everything else goes on. */
export async function nullIfGone(error: unknown): Promise<null> {
  if (error instanceof ProviderTrouble && error.why === "not_found") return null;
  throw error;
}

/** A list that is not found is an endpoint that is not there: a person must look at the base URL. */
export async function endpointMissing(error: unknown): Promise<never> {
  if (!(error instanceof ProviderTrouble) || error.why !== "not_found") throw error;
  throw new ProviderTrouble("account", error.code, error.message, { cause: error });
}
