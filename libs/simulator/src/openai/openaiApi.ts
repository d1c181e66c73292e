/** The simulated OpenAI, and others that speak its language: files, batches and models, each under a prefix of its own. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { sendErrors } from "../http/sendErrors.ts";
import type { ProviderContext } from "../providerContext.ts";
import type { Personality } from "../simulatedProvider.ts";
import { batchObject } from "./batchObject.ts";
import { batchRoutes } from "./batchRoutes.ts";
import { fileRoutes } from "./fileRoutes.ts";
import { allManners, type Manners } from "./manners.ts";
import { openaiModels } from "./models.ts";
import { OpenaiError, openaiRefusals } from "./openaiError.ts";
import { authenticate } from "./openaiKeys.ts";
import { openaiTrade } from "./openaiTrade.ts";

function addRoutes(
  app: FastifyInstance,
  context: ProviderContext,
  manners: Manners,
  onError: (error: unknown) => void,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
    try {
      done(null, text === "" ? undefined : JSON.parse(String(text)));
    } catch {
      done(new OpenaiError(400, "We could not parse the JSON body of your request."));
    }
  });
  // The body of an upload is read by whoever handles it.
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  app.addHook("onRequest", async (_request, reply) => {
    reply.header("x-request-id", `req_${randomBytes(16).toString("hex")}`);
    reply.header("openai-version", "2020-10-01");
  });
  sendErrors(app, { wordsOf: (status, message) => new OpenaiError(status, message), onError });
  app.get("/models", (request) => {
    const { scenario } = context.running();
    authenticate(request, scenario, manners);
    const data = [...openaiModels, ...scenario.models].map((id) => ({
      id,
      object: "model",
      created: 1_735_689_600,
      owned_by: "openai",
    }));
    return { object: "list", data };
  });
  fileRoutes(app, context, manners);
  batchRoutes(app, context, manners);
}

/** What is OpenAI's own. `onError` is told of the simulator's own failures. */
export function openaiApi(onError: (error: unknown) => void): Personality {
  return {
    provider: "openai",
    refusals: openaiRefusals,
    trade: openaiTrade,
    show: batchObject,
    routes(app, context) {
      for (const manners of allManners)
        void app.register(async (own) => addRoutes(own, context, manners, onError), {
          prefix: manners.prefix,
        });
    },
  };
}
