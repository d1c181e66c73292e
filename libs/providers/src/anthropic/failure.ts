import { APIError } from "@anthropic-ai/sdk";
import type { Clock } from "@granary/domain";
import { networkFailure, type Failure } from "../failure.ts";
import { isHtml } from "../isHtml.ts";
import { retryAfterMs } from "../retryAfter.ts";

/** Reads an error that the SDK threw. The error's own code says more than its type, and goes before it. */
export function readFailure(error: unknown, clock: Pick<Clock, "now">): Failure {
  if (!(error instanceof APIError) || typeof error.status !== "number") return networkFailure(error);
  const told: unknown = error.errorCode ?? error.type;
  const providerCode = typeof told === "string" && told !== "" ? told : null;
  return {
    status: error.status,
    providerCode,
    code: providerCode ?? String(error.status),
    message: typeof error.apiMessage === "string" ? error.apiMessage : error.message,
    retryAfterMs: error.headers ? retryAfterMs(error.headers, clock.now()) : undefined,
    isUnsent: false,
    isPage: isHtml(error.headers),
  };
}
