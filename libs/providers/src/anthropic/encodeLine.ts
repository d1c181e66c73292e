import type { Item, LineContext } from "@granary/domain";
import { DEFAULT_MAX_TOKENS } from "./maxTokens.ts";
import { sentSchema } from "./sentSchema.ts";

type Json = Record<string, unknown>;

/**
 * One request of a batch, which stands among the others in the create's body. The item must be free of `itemFaults`.
 * Source: https://platform.claude.com/docs/en/api/messages/batches/create
 */
export function encodeLine(item: Item, context: LineContext, customId: string): string {
  return JSON.stringify({ custom_id: customId, params: paramsOf(item, context) });
}

function paramsOf(
  { prompt, messages, body, system, params = {} }: Item,
  { model, output }: LineContext,
): Json {
  const config =
    output.type === "json_schema"
      ? {
          output_config: {
            ...(body?.["output_config"] as Json | undefined),
            format: { type: "json_schema", schema: sentSchema(output.schema) },
          },
        }
      : {};
  if (body) return { model, ...body, ...config };
  const turns = messages ?? [{ role: "user" as const, content: prompt ?? "" }];
  const instructions = [
    ...(system === undefined ? [] : [system]),
    ...turns.flatMap(({ role, content }) => (role === "system" ? [content] : [])),
  ];
  return {
    model,
    max_tokens: params.maxTokens ?? DEFAULT_MAX_TOKENS,
    system: instructions.length > 1 ? instructions.map((text) => ({ type: "text", text })) : instructions[0],
    messages: turns.filter(({ role }) => role !== "system"),
    temperature: params.temperature,
    top_p: params.topP,
    stop_sequences: typeof params.stop === "string" ? [params.stop] : params.stop,
    ...config,
  };
}
