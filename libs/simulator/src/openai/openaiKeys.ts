import type { FastifyRequest } from "fastify";
import { accountOf } from "../providerContext.ts";
import type { Scenario } from "../scenario.ts";
import { OpenaiError } from "./openaiError.ts";

/** The caller's key and account, or the 401 the API answers. Any key that begins with `sk-` is good unless revoked. */
export function authenticate(request: FastifyRequest, scenario: Scenario): { key: string; account: string } {
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1]?.trim();
  if (!key)
    throw new OpenaiError(
      401,
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.",
    );
  if (!key.startsWith("sk-") || scenario.keys.revoked.includes(key))
    throw new OpenaiError(401, `Incorrect API key provided: ${key.slice(0, 3)}***.`, {
      code: "invalid_api_key",
    });
  return { key, account: accountOf(key) };
}
