import type { FastifyReply, FastifyRequest } from "fastify";
import { setTimeout as delay } from "node:timers/promises";
import type { RequestFault } from "../fault.ts";
import { OpenaiError } from "./openaiError.ts";

/** What becomes of the answer to a call that was carried out. */
export function answerOf(fault: RequestFault | null): "sent" | "late" | "lost" | "error" {
  if (fault?.what === "response_lost") return "lost";
  if (fault?.what === "error_after") return "error";
  return fault?.what === "late" ? "late" : "sent";
}

function serverError(status: number): OpenaiError {
  return new OpenaiError(status, "The server had an error while processing your request. Sorry about that!");
}

/** Carries out a call under a fault: refuses it, delays it, or spoils its answer. */
export async function underFault(
  fault: RequestFault | null,
  request: FastifyRequest,
  reply: FastifyReply,
  act: () => Promise<unknown>,
): Promise<unknown> {
  const { socket } = request.raw;
  switch (fault?.what) {
    case "rate_limited":
      throw new OpenaiError(429, "Rate limit reached for requests.", {
        type: "requests",
        code: "rate_limit_exceeded",
        retryAfterMs: fault.retryAfterMs,
      });
    case "quota_exhausted":
      throw quotaExhausted();
    case "server_error":
      throw serverError(fault.status);
    case "unauthorized":
      throw new OpenaiError(401, "Incorrect API key provided.", { code: "invalid_api_key" });
    case "not_found":
      throw new OpenaiError(404, "The requested resource was not found.");
    case "reset":
      reply.hijack();
      socket.resetAndDestroy();
      return reply;
    case "held":
      await delay(fault.delayMs, undefined, { ref: false });
      return act();
    case "late": {
      const answer = await act();
      await delay(fault.delayMs, undefined, { ref: false });
      return answer;
    }
    case "response_lost":
      await act();
      reply.hijack();
      socket.destroy();
      return reply;
    case "error_after":
      await act();
      throw serverError(fault.status);
    case "truncated":
    case "stalled":
    case "altered":
    case undefined:
      return act();
  }
}

/** 429 of an account that has no money left: https://platform.openai.com/docs/guides/error-codes#api-errors */
export function quotaExhausted(): OpenaiError {
  return new OpenaiError(
    429,
    "You exceeded your current quota, please check your plan and billing details.",
    { type: "insufficient_quota", code: "insufficient_quota" },
  );
}
