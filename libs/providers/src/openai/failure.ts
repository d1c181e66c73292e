import { APIError } from "openai";
import type { Clock } from "@granary/domain";
import { networkFailure, type Failure } from "../failure.ts";
import { isHtml } from "../isHtml.ts";
import { retryAfterMs } from "../retryAfter.ts";

/** Reads an error that the SDK threw. */
export function readFailure(error: unknown, clock: Pick<Clock, "now">): Failure {
  if (!(error instanceof APIError) || typeof error.status !== "number") return networkFailure(error);
  const providerCode = providerCodeOf(error);
  return {
    status: error.status,
    providerCode,
    code: providerCode ?? String(error.status),
    message: error.message,
    retryAfterMs: error.headers ? retryAfterMs(error.headers, clock.now()) : undefined,
    isUnsent: false,
    isPage: isHtml(error.headers),
  };
}

function providerCodeOf({ code, type }: APIError): string | null {
  const told: unknown = code ?? (type === "insufficient_quota" ? type : null);
  return typeof told === "string" && told !== "" ? told : null;
}
