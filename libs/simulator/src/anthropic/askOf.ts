import type { Ask } from "../answers/draft.ts";
import { tokensOf } from "../answers/words.ts";
import { isObject } from "../isObject.ts";

type Params = Readonly<Record<string, unknown>>;

function textOf(system: unknown): string {
  if (system === undefined) return "";
  return typeof system === "string" ? system : JSON.stringify(system);
}

function isMarked(params: Params): boolean {
  const blocks = Array.isArray(params["system"]) ? (params["system"] as unknown[]) : [];
  return [params, ...blocks].some((block) => isObject(block) && isObject(block["cache_control"]));
}

function forcedTool({ tools, tool_choice: choice }: Params): Ask["tool"] {
  if (!Array.isArray(tools) || !isObject(choice)) return null;
  const own = tools.filter(isObject).filter((tool) => isObject(tool["input_schema"]));
  const wanted =
    choice["type"] === "any"
      ? own[0]
      : choice["type"] === "tool"
        ? own.find(({ name }) => name === choice["name"])
        : undefined;
  if (!wanted) return null;
  return { name: String(wanted["name"]), parameters: wanted["input_schema"] as Params };
}

function schemaOf({ output_config: config }: Params): Params | null {
  const format = isObject(config) ? config["format"] : undefined;
  return isObject(format) && isObject(format["schema"]) ? format["schema"] : null;
}

function thinks({ thinking }: Params): boolean {
  return isObject(thinking) && (thinking["type"] === "enabled" || thinking["type"] === "adaptive");
}

/** What a request asks of the model. */
export function askOf(params: Params): Ask {
  const system = textOf(params["system"]);
  let inputTokens = tokensOf(JSON.stringify(params["messages"])) + tokensOf(system) + 3;
  for (const extra of [params["tools"], params["output_config"]])
    if (extra !== undefined) inputTokens += tokensOf(JSON.stringify(extra));
  return {
    inputTokens,
    system,
    caching: isMarked(params) ? "marked" : "none",
    schema: schemaOf(params),
    tool: forcedTool(params),
    stop: params["stop_sequences"],
    limit: Number(params["max_tokens"]),
    copies: 1,
    thinks: thinks(params),
    refusesInWords: true,
  };
}
