import type { Item, LineContext, Output } from "@granary/domain";
import { commentless, remembered } from "../commentless.ts";
import { RESPONSES } from "./endpoints.ts";

type Body = Record<string, unknown>;
type JsonSchemaOutput = Extract<Output, { type: "json_schema" }>;

/** What of a line is the endpoint's choice. */
interface LineForm {
  readonly url: string;
  readonly maxTokensParam: string;
}

/**
 * One line of a batch's input file, without its end. The item must be free of `itemFaults`.
 * Source: https://developers.openai.com/api/docs/guides/batch#1-prepare-your-batch-file
 */
export function encodeLine(
  item: Item,
  context: LineContext,
  customId: string,
  { url, maxTokensParam }: LineForm,
): string {
  const body =
    context.endpoint === RESPONSES ? responsesBody(item, context) : chatBody(item, context, maxTokensParam);
  return JSON.stringify({ custom_id: customId, method: "POST", url, body });
}

function chatBody(
  { prompt, messages, body, system, params = {} }: Item,
  { model, output }: LineContext,
  maxTokensParam: string,
): Body {
  const format =
    output.type === "json_schema"
      ? { response_format: { type: "json_schema", json_schema: strictFormat(output) } }
      : {};
  if (body) return { model, ...body, ...format };
  return {
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      ...(messages ?? [{ role: "user", content: prompt }]),
    ],
    temperature: params.temperature,
    top_p: params.topP,
    // At OpenAI `max_tokens` is deprecated, and refused by reasoning models.
    [maxTokensParam]: params.maxTokens,
    stop: params.stop,
    seed: params.seed,
    ...format,
  };
}

function responsesBody(
  { prompt, messages, body, system, params = {} }: Item,
  { model, output }: LineContext,
): Body {
  const format =
    output.type === "json_schema"
      ? { text: { ...textOf(body), format: { type: "json_schema", ...strictFormat(output) } } }
      : {};
  if (body) return { model, ...body, ...format };
  return {
    model,
    instructions: system,
    input: messages ?? prompt,
    temperature: params.temperature,
    top_p: params.topP,
    max_output_tokens: params.maxTokens,
    ...format,
  };
}

/** Other settings of `text`, such as `verbosity`, that a raw body brings along. */
function textOf(body: Item["body"]): object {
  const text = body?.["text"];
  return typeof text === "object" && text !== null ? text : {};
}

const sentSchema = remembered(commentless);

function strictFormat({ name, schema }: JsonSchemaOutput) {
  return { name, schema: sentSchema(schema), strict: true };
}
