import type { Ask } from "../answers/draft.ts";
import { tokensOf } from "../answers/words.ts";
import { isObject } from "../isObject.ts";
import type { Endpoint } from "./bodyFault.ts";
import { chargesCacheWrites, isReasoningModel } from "./models.ts";

type Body = Readonly<Record<string, unknown>>;

/** The system prompt of a request, as text; empty where there is none. */
function systemOf(body: Body): string {
  const messages = body["messages"] ?? body["input"];
  const first: unknown = Array.isArray(messages) ? messages[0] : undefined;
  const lead =
    isObject(first) && (first["role"] === "system" || first["role"] === "developer") ? first["content"] : "";
  const text = typeof lead === "string" ? lead : (JSON.stringify(lead) ?? "");
  return typeof body["instructions"] === "string" ? body["instructions"] + text : text;
}

function promptTokens(body: Body): number {
  const spoken = body["messages"] ?? body["input"] ?? "";
  const extras = [body["instructions"], body["tools"], body["response_format"], body["text"]];
  let tokens = tokensOf(typeof spoken === "string" ? spoken : JSON.stringify(spoken)) + 3;
  for (const extra of extras)
    if (extra !== undefined && extra !== null) tokens += tokensOf(JSON.stringify(extra));
  return tokens;
}

/** The JSON Schema a request asks for; `{}` for any JSON, null for free text. */
function schemaOf(endpoint: Endpoint, body: Body): Body | null {
  const format =
    endpoint === "/v1/responses" ? isObject(body["text"]) && body["text"]["format"] : body["response_format"];
  if (!isObject(format)) return null;
  if (format["type"] === "json_object")
    return { type: "object", properties: { answer: { type: "string" } }, required: ["answer"] };
  if (format["type"] !== "json_schema") return null;
  const described = endpoint === "/v1/responses" ? format : format["json_schema"];
  return isObject(described) && isObject(described["schema"]) ? described["schema"] : {};
}

/** The function a request forces the model to call, if any. */
function forcedTool(body: Body): { name: string; parameters: Body } | null {
  const { tools, tool_choice: choice } = body;
  if (!Array.isArray(tools) || choice === undefined || choice === "auto" || choice === "none") return null;
  const functions = tools
    .filter(isObject)
    .filter((tool) => tool["type"] === "function")
    .map((tool) => (isObject(tool["function"]) ? tool["function"] : tool));
  const wanted = isObject(choice)
    ? isObject(choice["function"])
      ? choice["function"]["name"]
      : choice["name"]
    : undefined;
  const tool = wanted === undefined ? functions[0] : functions.find(({ name }) => name === wanted);
  if (!tool) return null;
  return { name: String(tool["name"]), parameters: isObject(tool["parameters"]) ? tool["parameters"] : {} };
}

/** What a request asks of the model. */
export function askOf(endpoint: Endpoint, body: Body): Ask {
  const limit = body["max_completion_tokens"] ?? body["max_tokens"] ?? body["max_output_tokens"];
  return {
    inputTokens: promptTokens(body),
    system: systemOf(body),
    caching: chargesCacheWrites(String(body["model"])) ? "implicit charged" : "implicit",
    schema: schemaOf(endpoint, body),
    tool: forcedTool(body),
    stop: body["stop"],
    limit: typeof limit === "number" ? limit : Infinity,
    copies: typeof body["n"] === "number" ? body["n"] : 1,
    thinks: isReasoningModel(String(body["model"])),
    refusesInWords: true,
  };
}
