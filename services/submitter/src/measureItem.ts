import type { Account, Fault, Hasher, Item, ItemSize, LineContext, Price } from "@granary/domain";
import { canonicalJson, customId, estimateMicros } from "@granary/domain";

/** An item as it will be stored, and what it takes. */
export interface Measured {
  /** Canonical JSON, without a line end. */
  readonly json: string;
  readonly size: Omit<ItemSize, "offset" | "length">;
}

/** The longest custom id: encoded lines are measured with it, so that a measure is never too small. */
const LONGEST_CUSTOM_ID = customId(`gr0000-${"a".repeat(20)}`, 36 ** 6 - 1);

/** Measures one item, or says what is wrong with it for this account. Paths are relative to the item. */
export function measureItem(
  { dialect, settings }: Account,
  context: LineContext,
  price: Price | undefined,
  item: Item,
  digest: (text: string) => string,
): Measured | readonly Fault[] {
  const faults = dialect.itemFaults(item, context);
  if (faults.length > 0) return faults;
  const bytes = Buffer.byteLength(dialect.encode(item, context, LONGEST_CUSTOM_ID)) + 1;
  const tokens = dialect.estimate(item, context);
  const { job, tokensPerModel = Infinity } = settings.limits;
  const { lineBytes } = job;
  const mostTokens = Math.min(job.tokens, tokensPerModel);
  const tooLarge: Fault[] = [];
  if (bytes > lineBytes)
    tooLarge.push({
      path: "",
      message: `is ${bytes} bytes as a line, over the limit of ${lineBytes}: split it`,
    });
  if (tokens.input > mostTokens)
    tooLarge.push({
      path: "",
      message: `is about ${tokens.input} tokens, over the limit of ${mostTokens} a job: split it`,
    });
  if (tooLarge.length > 0) return tooLarge;
  const system = systemOf(item);
  return {
    json: canonicalJson(item),
    size: {
      bytes,
      tokens: tokens.input,
      estimateMicros: estimateMicros(tokens, price),
      systemKey: system === null ? "" : digest(system),
    },
  };
}

/** The system prompt of an item, however it was given; null where there is none. */
function systemOf({ system, messages, body }: Item): string | null {
  if (system !== undefined) return system;
  const first = messages?.[0];
  if (first?.role === "system") return first.content;
  if (!body) return null;
  if (typeof body["instructions"] === "string") return body["instructions"];
  const turns = body["messages"];
  const opening: unknown = Array.isArray(turns) ? turns[0] : undefined;
  return opening === undefined ? null : JSON.stringify(opening);
}

/** A short digest, the same for the same text. */
export function shortDigest(hasher: () => Hasher): (text: string) => string {
  let last = { text: "", digest: "" };
  return (text) => {
    // Items in a row mostly share one prompt.
    if (text !== last.text || last.digest === "")
      last = { text, digest: hasher().update(text).hex().slice(0, 16) };
    return last.digest;
  };
}
