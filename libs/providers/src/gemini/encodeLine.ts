import type { Item, LineContext } from "@granary/domain";
import { sentSchema } from "./sentSchema.ts";

type Json = Record<string, unknown>;

/**
 * One line of a batch's input file, without its end. The item must be free of `itemFaults`. Inline the same request
 * travels, with its key in the metadata. Source: https://ai.google.dev/gemini-api/docs/batch-api#input-file
 */
export function encodeLine(item: Item, { output }: LineContext, customId: string): string {
  const format =
    output.type === "json_schema"
      ? { responseMimeType: "application/json", responseJsonSchema: sentSchema(output.schema) }
      : {};
  return JSON.stringify({ key: customId, request: requestOf(item, format) });
}

function requestOf({ prompt, messages, body, system, params = {} }: Item, format: Json): Json {
  if (body)
    return Object.keys(format).length > 0
      ? { ...body, generationConfig: { ...(body["generationConfig"] as Json | undefined), ...format } }
      : body;
  const turns = messages ?? [{ role: "user" as const, content: prompt ?? "" }];
  const instructions = [
    ...(system === undefined ? [] : [system]),
    ...turns.flatMap(({ role, content }) => (role === "system" ? [content] : [])),
  ];
  const config = {
    temperature: params.temperature,
    topP: params.topP,
    maxOutputTokens: params.maxTokens,
    stopSequences: typeof params.stop === "string" ? [params.stop] : params.stop,
    seed: params.seed,
    ...format,
  };
  return {
    ...(instructions.length > 0 ? { systemInstruction: { parts: instructions.map(part) } } : {}),
    contents: turns
      .filter(({ role }) => role !== "system")
      .map(({ role, content }) => ({
        role: role === "assistant" ? "model" : "user",
        parts: [part(content)],
      })),
    ...(Object.values(config).some((value) => value !== undefined) ? { generationConfig: config } : {}),
  };
}

function part(text: string): Json {
  return { text };
}
