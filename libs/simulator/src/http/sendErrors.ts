import type { FastifyInstance, FastifyReply } from "fastify";
import { ApiError } from "./apiError.ts";

/**
 * Sends whatever a route throws in its provider's form. `wordsOf` words what Fastify itself refuses, and trouble of the
 * simulator's own, of which `onError` is told.
 */
export function sendErrors(
  app: FastifyInstance,
  deps: {
    readonly wordsOf: (status: number, message: string) => ApiError;
    readonly onError: (error: unknown) => void;
    /** Adds to an error's body what only the one answer knows. */
    readonly complete?: (body: object, reply: FastifyReply) => object;
  },
): void {
  app.setNotFoundHandler((request) => {
    throw deps.wordsOf(404, `Invalid URL (${request.method} ${request.url.split("?")[0]})`);
  });
  app.setErrorHandler(async (error, request, reply) => {
    let told: ApiError;
    if (error instanceof ApiError) told = error;
    // Whoever sent it has gone, and hears nothing any more.
    else if (request.raw.readableAborted) told = deps.wordsOf(400, "The request was aborted.");
    else {
      const status = (error as { statusCode?: number }).statusCode ?? 500;
      if (status >= 500) deps.onError(error);
      told = deps.wordsOf(
        status,
        status >= 500 ? "The server had an error while processing your request." : String(error),
      );
    }
    const body = deps.complete?.(told.body, reply) ?? told.body;
    return reply.status(told.status).headers(told.headers).send(body);
  });
}
