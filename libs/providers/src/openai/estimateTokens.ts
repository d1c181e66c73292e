import type { Item, LineContext } from "@granary/domain";

/** Taken where an item does not say how long its answer may be. */
export const DEFAULT_OUTPUT_TOKENS = 4_096;
/** Taken for an image sent inside the body: its size in bytes says nothing about its tokens. */
const IMAGE_TOKENS = 2_048;
/** English has about four bytes a token, code and most other languages fewer. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_LINE = 8;

/**
 * An upper estimate of an item's tokens, without a tokenizer: input from its bytes, output as much as it allows.
 * Used for limits and budgets, never for the bill.
 */
export function estimateTokens(
  { prompt, messages, body, system, params }: Item,
  { output }: LineContext,
): { readonly input: number; readonly output: number } {
  const schema = output.type === "json_schema" ? tokensOf(JSON.stringify(output.schema)) : 0;
  const fixed = TOKENS_PER_LINE + schema;
  if (body) return { input: fixed + tokensOfBody(body), output: outputOf(body) };
  const texts = [
    ...(system === undefined ? [] : [system]),
    ...(messages?.map(({ content }) => content) ?? [prompt ?? ""]),
  ];
  const input = texts.reduce((sum, text) => sum + TOKENS_PER_MESSAGE + tokensOf(text), fixed);
  return { input, output: params?.maxTokens ?? DEFAULT_OUTPUT_TOKENS };
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

function tokensOfBody(body: NonNullable<Item["body"]>): number {
  let images = 0;
  const text = JSON.stringify(body, (_name, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith("data:image/")) return value;
    images += 1;
    return "";
  });
  return tokensOf(text) + images * IMAGE_TOKENS;
}

function outputOf(body: NonNullable<Item["body"]>): number {
  for (const name of ["max_completion_tokens", "max_output_tokens", "max_tokens"]) {
    const value = body[name];
    if (typeof value === "number" && value > 0) return Math.ceil(value);
  }
  return DEFAULT_OUTPUT_TOKENS;
}
