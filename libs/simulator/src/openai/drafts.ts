import { schemaInstance } from "../answers/schemaInstance.ts";
import { tokensOf, wordsOf } from "../answers/words.ts";
import type { Charge } from "../ledgerRecord.ts";
import type { LineAnswer } from "../scenario.ts";
import type { Endpoint } from "./bodyFault.ts";
import { isReasoningModel } from "./models.ts";

type Body = Readonly<Record<string, unknown>>;

/** What the model says to one request, before it is put into the endpoint's form. */
export interface Draft {
  readonly finish: "stop" | "length" | "refusal" | "content_filter" | "tool_calls";
  readonly text: string;
  /** The function it calls instead of answering, with its arguments in `text`. */
  readonly tool: string | null;
  readonly usage: Charge;
}

/** What a draft depends on besides the request. */
export interface DraftContext {
  readonly endpoint: Endpoint;
  /** How the line is to be answered; null: properly. */
  readonly answer: LineAnswer | null;
  readonly text: string | null;
  readonly minTokens: number;
  readonly maxTokens: number;
  readonly next: () => number;
  /** The system prompt of the line before: what is shared with it counts as cached. */
  readonly systemBefore: string | null;
}

function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The system prompt of a request, as text; empty where there is none. */
export function systemOf(body: Body): string {
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
export function schemaOf(endpoint: Endpoint, body: Body): Body | null {
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

function cutAtStop(text: string, stop: unknown): string {
  let cut = text;
  for (const mark of Array.isArray(stop) ? stop : [stop])
    if (typeof mark === "string" && mark !== "" && cut.includes(mark)) cut = cut.slice(0, cut.indexOf(mark));
  return cut;
}

/** Decides what is said to a request, and what it uses. The same request and numbers give the same draft. */
export function draftOf(body: Body, context: DraftContext): Draft {
  const { answer, next, minTokens, maxTokens } = context;
  const schema = schemaOf(context.endpoint, body);
  const tool = forcedTool(body);
  const input = promptTokens(body);
  const system = systemOf(body);
  // Prompts from 1,024 tokens on are cached by their beginning, in steps of 128.
  const shared = system !== "" && system === context.systemBefore ? Math.min(input, tokensOf(system)) : 0;
  const cached = shared >= 1_024 ? shared - (shared % 128) : 0;

  let text = context.text;
  if (text === null) {
    if (tool) text = JSON.stringify(schemaInstance(tool.parameters, next));
    else if (schema) text = JSON.stringify(schemaInstance(schema, next));
    else text = wordsOf(minTokens + Math.floor(next() * (maxTokens - minTokens + 1)), next);
  }
  if (!schema && !tool) text = cutAtStop(text, body["stop"]);
  let finish: Draft["finish"] = tool ? "tool_calls" : "stop";
  if (answer === "invalid_json") text = `{"unfinished": ${text.slice(0, Math.ceil(text.length / 2))}`;
  if (answer === "invalid_schema") text = '{"unexpected":true}';
  if (answer === "refusal") {
    text = "I'm sorry, but I can't help with that.";
    finish = "refusal";
  }
  if (answer === "content_filter") {
    text = "";
    finish = "content_filter";
  }
  const asked = body["max_completion_tokens"] ?? body["max_tokens"] ?? body["max_output_tokens"];
  const limit = typeof asked === "number" ? asked : Infinity;
  const cap = answer === "length" ? Math.max(1, Math.min(limit, Math.floor(tokensOf(text) / 2))) : limit;
  if (finish !== "refusal" && tokensOf(text) > cap) {
    text = text.slice(0, Math.min(cap * 4, text.length - 1));
    finish = "length";
  }
  const thought = isReasoningModel(String(body["model"])) ? 16 + Math.floor(next() * 48) : 0;
  const spoken = tokensOf(text);
  const copies = typeof body["n"] === "number" ? body["n"] : 1;
  const reasoning = Math.min(thought, Math.max(0, limit - spoken));
  return {
    finish,
    text,
    tool: tool && finish !== "refusal" && finish !== "content_filter" ? tool.name : null,
    usage: {
      inputTokens: input,
      cachedTokens: cached,
      outputTokens: (spoken + reasoning) * copies,
      reasoningTokens: reasoning * copies,
    },
  };
}
