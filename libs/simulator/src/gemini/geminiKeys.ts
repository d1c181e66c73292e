import type { FastifyRequest } from "fastify";
import { accountOf } from "../providerContext.ts";
import type { Scenario } from "../scenario.ts";
import { badKey, GeminiError } from "./geminiError.ts";

/** The caller's key and account, or what the API answers without one. Any key is good unless it is revoked. */
export function authenticate(request: FastifyRequest, scenario: Scenario): { key: string; account: string } {
  const { key: asked } = request.query as { readonly key?: string };
  const key = request.headers["x-goog-api-key"]?.toString() ?? asked;
  if (!key)
    throw new GeminiError(
      "PERMISSION_DENIED",
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    );
  if (/\s/.test(key) || scenario.keys.revoked.includes(key)) throw badKey();
  return { key, account: accountOf(key) };
}
