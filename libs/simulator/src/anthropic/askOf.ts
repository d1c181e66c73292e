import type { Ask } from "../answers/draft.ts";
import { tokensOf } from "../answers/words.ts";
import { isObject } from "../isObject.ts";

type Params = Readonly<Record<string, unknown>>;

function textOf(system: unknown): string {
  if (system === undefined) return "";
  return typeof system === "string" ? system : JSON.stringify(system);
}

/** A mark on the request or on a block of its system prompt. Where one asks for an hour, all of it is kept that long. */
function cachingOf(params: Params): Ask["caching"] {
  const blocks = Array.isArray(params["system"]) ? (params["system"] as unknown[]) : [];
  const marks = [params, ...blocks].filter(isObject).map((block) => block["cache_control"]);
  const set = marks.filter(isObject);
  if (set.length === 0) return "none";
  return set.some(({ ttl }) => ttl === "1h") ? "marked long" : "marked";
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
    caching: cachingOf(params),
    schema: schemaOf(params),
    tool: forcedTool(params),
    stop: params["stop_sequences"],
    limit: Number(params["max_tokens"]),
    copies: 1,
    thinks: thinks(params),
    refusesInWords: true,
  };
}
