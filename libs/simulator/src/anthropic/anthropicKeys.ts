import type { FastifyRequest } from "fastify";
import { accountOf } from "../providerContext.ts";
import type { Scenario } from "../scenario.ts";
import { AnthropicError } from "./anthropicError.ts";

/**
 * The caller's key and account, from `x-api-key` or a bearer token, or what the API answers without one. A version of
 * the API must be named too. Any key that begins with `sk-` is good unless revoked.
 */
export function authenticate(request: FastifyRequest, scenario: Scenario): { key: string; account: string } {
  const { headers } = request;
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1]?.trim();
  const key = headers["x-api-key"]?.toString() ?? bearer;
  if (!key) throw new AnthropicError("authentication_error", "x-api-key header is required");
  if (!key.startsWith("sk-") || scenario.keys.revoked.includes(key))
    throw new AnthropicError("authentication_error", "invalid x-api-key");
  const version = headers["anthropic-version"];
  if (version === undefined)
    throw new AnthropicError("invalid_request_error", "anthropic-version: header is required");
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version.toString()))
    throw new AnthropicError(
      "invalid_request_error",
      `anthropic-version: "${version.toString()}" is not a valid version`,
    );
  return { key, account: accountOf(key) };
}
