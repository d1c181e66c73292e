import type { Item, TokenEstimate } from "@granary/domain";

/**
 * For how long a request may write to the prompt cache: it does where its body says `cache_control`, and for an hour
 * where that asks for it. Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export function cacheWrite(body: NonNullable<Item["body"]>): Pick<TokenEstimate, "cacheWrite"> {
  let asked: TokenEstimate["cacheWrite"];
  // The replacer is only a walk over everything in it: nothing is made of it.
  JSON.stringify(body, (name, value: unknown) => {
    if (name === "cache_control" && typeof value === "object" && value !== null)
      asked = asked === "long" || (value as { readonly ttl?: unknown }).ttl === "1h" ? "long" : "short";
    return value;
  });
  return asked === undefined ? {} : { cacheWrite: asked };
}
