import type { FastifyReply, FastifyRequest } from "fastify";
import { setTimeout as delay } from "node:timers/promises";
import type { RequestFault } from "../fault.ts";
import type { Refusals } from "./apiError.ts";

/** What becomes of the answer to a call that was carried out. */
export function answerOf(fault: RequestFault | null): "sent" | "late" | "lost" | "error" {
  if (fault?.what === "response_lost") return "lost";
  if (fault?.what === "error_after") return "error";
  return fault?.what === "late" ? "late" : "sent";
}

/** Carries out a call under a fault: refuses it in the provider's words, delays it, or spoils its answer. */
export async function underFault(
  fault: RequestFault | null,
  { request, reply, refusals }: { request: FastifyRequest; reply: FastifyReply; refusals: Refusals },
  act: () => Promise<unknown>,
): Promise<unknown> {
  const { socket } = request.raw;
  switch (fault?.what) {
    case "rate_limited":
      throw refusals.rateLimited(fault.retryAfterMs);
    case "quota_exhausted":
      throw refusals.quotaExhausted();
    case "server_error":
      throw refusals.serverError(fault.status);
    case "unauthorized":
      throw refusals.unauthorized();
    case "forbidden":
      throw refusals.forbidden();
    case "not_found":
      throw refusals.notFound();
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
      throw refusals.serverError(fault.status);
    case "truncated":
    case "stalled":
    case "altered":
    case "short_lived":
    case undefined:
      return act();
  }
}
