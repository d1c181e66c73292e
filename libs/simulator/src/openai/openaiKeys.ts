import type { FastifyRequest } from "fastify";
import { accountOf } from "../providerContext.ts";
import type { Scenario } from "../scenario.ts";
import type { Manners } from "./manners.ts";
import { OpenaiError } from "./openaiError.ts";

/** The caller's key and account, or the 401 the API answers. Any key that begins with `sk-` is good unless revoked. */
export function authenticate(
  request: FastifyRequest,
  scenario: Scenario,
  { name, keyHeader }: Manners,
): { key: string; account: string } {
  const told = request.headers[keyHeader]?.toString() ?? "";
  const key = (keyHeader === "authorization" ? /^Bearer (.+)$/.exec(told)?.[1] : told)?.trim();
  if (!key)
    throw new OpenaiError(
      401,
      keyHeader === "authorization"
        ? "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth."
        : `You didn't provide an API key. You need to provide your API key in the header ${keyHeader}.`,
    );
  if (!key.startsWith("sk-") || scenario.keys.revoked.includes(key))
    throw new OpenaiError(401, `Incorrect API key provided: ${key.slice(0, 3)}***.`, {
      code: "invalid_api_key",
    });
  const [owner = key] = scenario.keys.together.find((keys) => keys.includes(key)) ?? [];
  return { key, account: accountOf(name === "openai" ? owner : `${name} ${owner}`) };
}
