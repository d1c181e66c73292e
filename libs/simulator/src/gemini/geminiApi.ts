/** The simulated Gemini API: uploads, files, models and batches, in versions v1 and v1beta. */
import type { FastifyInstance } from "fastify";
import { sendErrors } from "../http/sendErrors.ts";
import { limitsOf } from "../limits.ts";
import type { ProviderContext } from "../providerContext.ts";
import type { Personality } from "../simulatedProvider.ts";
import { batchRoutes } from "./batchRoutes.ts";
import { fileRoutes } from "./fileRoutes.ts";
import { GeminiError, geminiRefusals } from "./geminiError.ts";
import { authenticate } from "./geminiKeys.ts";
import { geminiTrade } from "./geminiTrade.ts";
import { geminiModels } from "./models.ts";
import { operation } from "./operation.ts";
import { uploadRoutes } from "./uploadRoutes.ts";

const BODY_BYTES = 64 * 1024 * 1024;

function wordsOf(status: number, message: string): GeminiError {
  if (status === 404) return new GeminiError("NOT_FOUND", message);
  if (status >= 500) return new GeminiError("INTERNAL", "An internal error has occurred. Please retry.");
  return new GeminiError("INVALID_ARGUMENT", message);
}

function versionRoutes(app: FastifyInstance, context: ProviderContext): void {
  app.removeAllContentTypeParsers();
  const options = { parseAs: "buffer" as const, bodyLimit: BODY_BYTES };
  app.addContentTypeParser<Buffer>("application/json", options, (_request, bytes, done) => {
    const most = limitsOf(context.running().scenario, "gemini").inlineBytes;
    if (bytes.length > most) {
      done(new GeminiError("INVALID_ARGUMENT", `Request payload size exceeds the limit: ${most} bytes.`));
      return;
    }
    try {
      done(null, bytes.length === 0 ? {} : JSON.parse(bytes.toString()));
    } catch {
      done(new GeminiError("INVALID_ARGUMENT", "Invalid JSON payload received. Unexpected token."));
    }
  });
  app.get("/models", (request) => {
    const { scenario } = context.running();
    authenticate(request, scenario);
    const models = [...geminiModels, ...scenario.models].map((id) => ({
      name: `models/${id}`,
      displayName: id,
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ["batchGenerateContent"],
    }));
    return { models };
  });
  fileRoutes(app, context);
  batchRoutes(app, context);
}

function addRoutes(app: FastifyInstance, context: ProviderContext, onError: (error: unknown) => void): void {
  sendErrors(app, { wordsOf, onError });
  for (const version of ["/v1", "/v1beta"])
    void app.register(async (routes) => versionRoutes(routes, context), { prefix: version });
  void app.register(async (routes) => uploadRoutes(routes, context));
}

/** What is Gemini's own. `onError` is told of the simulator's own failures. */
export function geminiApi(onError: (error: unknown) => void): Personality {
  return {
    provider: "gemini",
    refusals: geminiRefusals,
    trade: geminiTrade,
    show: (job, now) => operation(job, now, null),
    routes: (app, context) => addRoutes(app, context, onError),
  };
}
