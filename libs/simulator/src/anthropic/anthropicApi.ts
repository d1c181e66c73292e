/** The simulated Anthropic API: its models and message batches. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { sendErrors } from "../http/sendErrors.ts";
import type { ProviderContext } from "../providerContext.ts";
import type { Personality } from "../simulatedProvider.ts";
import { AnthropicError, anthropicRefusals } from "./anthropicError.ts";
import { authenticate } from "./anthropicKeys.ts";
import { anthropicTrade } from "./anthropicTrade.ts";
import { batchObject } from "./batchObject.ts";
import { batchRoutes } from "./batchRoutes.ts";
import { createRoute } from "./createRoute.ts";
import { anthropicModels } from "./models.ts";

function wordsOf(status: number, message: string): AnthropicError {
  if (status === 404) return new AnthropicError("not_found_error", message);
  if (status >= 500) return new AnthropicError("api_error", "Internal server error");
  return new AnthropicError("invalid_request_error", message, { status });
}

function addRoutes(app: FastifyInstance, context: ProviderContext, onError: (error: unknown) => void): void {
  app.removeAllContentTypeParsers();
  // The one body there is is read by whoever handles it.
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.addHook("onRequest", async (_request, reply) => {
    reply.header("request-id", `req_01${randomBytes(11).toString("hex")}`);
  });
  sendErrors(app, {
    wordsOf,
    onError,
    complete: (body, reply) => ({ ...body, request_id: reply.getHeader("request-id") ?? null }),
  });
  void app.register(
    async (routes) => {
      routes.get("/models", (request) => {
        const { scenario } = context.running();
        authenticate(request, scenario);
        const data = [...anthropicModels, ...scenario.models].map((id) => ({
          id,
          type: "model",
          display_name: id,
          created_at: "2025-09-29T00:00:00Z",
        }));
        return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
      });
      createRoute(routes, context);
      batchRoutes(routes, context);
    },
    { prefix: "/v1" },
  );
}

/** What is Anthropic's own. `onError` is told of the simulator's own failures. */
export function anthropicApi(onError: (error: unknown) => void): Personality {
  return {
    provider: "anthropic",
    refusals: anthropicRefusals,
    trade: anthropicTrade,
    show: (job, now) => batchObject(job, now, "/anthropic"),
    routes: (app, context) => addRoutes(app, context, onError),
  };
}
