import type { Item, Output } from "@granary/domain";

/** Taken for an image or another medium sent inside a body: its size in bytes says nothing about its tokens. */
const MEDIUM_TOKENS = 2_048;
/** English has about four bytes a token, code and most other languages fewer. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_LINE = 8;

/**
 * An upper estimate of the tokens that an item sends, without a tokenizer: from its bytes, and those of the schema.
 * Used for limits and budgets, never for the bill.
 */
export function inputTokens({ prompt, messages, body, system }: Item, output: Output): number {
  const schema = output.type === "json_schema" ? tokensOf(JSON.stringify(output.schema)) : 0;
  const fixed = TOKENS_PER_LINE + schema;
  if (body) return fixed + tokensOfBody(body);
  const texts = [
    ...(system === undefined ? [] : [system]),
    ...(messages?.map(({ content }) => content) ?? [prompt ?? ""]),
  ];
  return texts.reduce((sum, text) => sum + TOKENS_PER_MESSAGE + tokensOf(text), fixed);
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

function tokensOfBody(body: NonNullable<Item["body"]>): number {
  let media = 0;
  const text = JSON.stringify(body, function (this: unknown, name, value: unknown) {
    if (typeof value !== "string" || !isMedium(this, name, value)) return value;
    media += 1;
    return "";
  });
  return tokensOf(text) + media * MEDIUM_TOKENS;
}

/** `data:image/…` (OpenAI), or `data` beside a media type (Gemini's `inlineData`, Anthropic's `source`). */
function isMedium(holder: unknown, name: string, value: string): boolean {
  if (value.startsWith("data:image/")) return true;
  if (name !== "data" || typeof holder !== "object" || holder === null) return false;
  const type: unknown = ["mimeType", "mime_type", "media_type"]
    .map((key) => (holder as Record<string, unknown>)[key])
    .find((told) => typeof told === "string");
  return typeof type === "string" && !type.startsWith("text/");
}
