import { isObject } from "../isObject.ts";
import type { OpenaiErrorBody } from "./openaiError.ts";
import { hasFixedTemperature, isReasoningModel } from "./models.ts";
import { strictSchemaFault } from "./strictSchema.ts";

type Body = Readonly<Record<string, unknown>>;
type BodyFault = OpenaiErrorBody["error"];

/** One of the two endpoints the simulator answers for. */
export type Endpoint = "/v1/chat/completions" | "/v1/responses";

const SHARED =
  "metadata model moderation parallel_tool_calls prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier service_tier store stream stream_options temperature tool_choice tools top_logprobs top_p user";

/** The parameters of the SDK's `ChatCompletionCreateParams` and `ResponseCreateParams`. */
const KNOWN: Readonly<Record<Endpoint, ReadonlySet<string>>> = {
  "/v1/chat/completions": new Set(
    `${SHARED} messages audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens modalities n prediction presence_penalty reasoning_effort response_format seed stop verbosity web_search_options`.split(
      " ",
    ),
  ),
  "/v1/responses": new Set(
    `${SHARED} access_programs background context_management conversation image include input instructions max_output_tokens max_tool_calls previous_response_id prompt reasoning text truncation`.split(
      " ",
    ),
  ),
};
const ROLES = ["system", "developer", "assistant", "user", "tool", "function"];

function refuse(message: string, param: string | null, code: string | null): BodyFault {
  return { message, type: "invalid_request_error", param, code };
}

const missing = (param: string) =>
  refuse(`Missing required parameter: '${param}'.`, param, "missing_required_parameter");

function rangeFault(body: Body, param: string, least: number, most: number): BodyFault | null {
  const value = body[param];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number")
    return refuse(
      `Invalid type for '${param}': expected a number, but got ${typeof value} instead.`,
      param,
      "invalid_type",
    );
  if (value < least)
    return refuse(
      `Invalid '${param}': decimal below minimum value. Expected a value >= ${least}, but got ${value} instead.`,
      param,
      "decimal_below_min_value",
    );
  return value <= most
    ? null
    : refuse(
        `Invalid '${param}': decimal above maximum value. Expected a value <= ${most}, but got ${value} instead.`,
        param,
        "decimal_above_max_value",
      );
}

function messagesFault(messages: unknown, param: string): BodyFault | null {
  if (!Array.isArray(messages))
    return refuse(
      `Invalid type for '${param}': expected an array of objects, but got ${typeof messages} instead.`,
      param,
      "invalid_type",
    );
  if (messages.length === 0)
    return refuse(
      `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      param,
      "empty_array",
    );
  for (const [index, message] of messages.entries()) {
    if (!isObject(message))
      return refuse(
        `Invalid type for '${param}[${index}]': expected an object, but got ${typeof message} instead.`,
        `${param}[${index}]`,
        "invalid_type",
      );
    if (param === "input" && message["type"] !== undefined && message["type"] !== "message") continue;
    if (message["role"] === undefined) return missing(`${param}[${index}].role`);
    if (!ROLES.includes(message["role"] as string))
      return refuse(
        `Invalid value: '${message["role"] as string}'. Supported values are: ${ROLES.map((role) => `'${role}'`).join(", ")}.`,
        `${param}[${index}].role`,
        "invalid_value",
      );
    if (
      message["content"] === undefined &&
      message["tool_calls"] === undefined &&
      message["role"] !== "assistant"
    )
      return missing(`${param}[${index}].content`);
  }
  return null;
}

function formatFault(format: unknown, param: string, schemaAt: (format: Body) => unknown): BodyFault | null {
  if (format === undefined) return null;
  if (!isObject(format))
    return refuse(`Invalid type for '${param}': expected an object.`, param, "invalid_type");
  const type = format["type"];
  if (type === "text" || type === "json_object") return null;
  if (type !== "json_schema")
    return refuse(
      `Invalid value: '${String(type)}'. Supported values are: 'json_object', 'json_schema', and 'text'.`,
      `${param}.type`,
      "invalid_value",
    );
  const described = schemaAt(format);
  if (!isObject(described)) return missing(`${param}.json_schema`);
  const name = described["name"];
  const at = described === format ? param : `${param}.json_schema`;
  if (name === undefined) return missing(`${at}.name`);
  if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    return refuse(
      `Invalid '${at}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      `${at}.name`,
      "invalid_value",
    );
  // The Responses API is strict unless told otherwise; chat completions are strict only when told so.
  const strict = described["strict"] ?? described === format;
  if (!isObject(described["schema"])) return missing(`${at}.schema`);
  const fault = strict === true ? strictSchemaFault(described["schema"]) : null;
  return fault ? refuse(`Invalid schema for ${param} '${name}': ${fault}`, at, "invalid_json_schema") : null;
}

/** What the endpoint refuses in one request's body with status 400, or null. */
export function bodyFault(endpoint: Endpoint, body: Body): BodyFault | null {
  const unknown = Object.keys(body).find((param) => !KNOWN[endpoint].has(param));
  if (unknown !== undefined) return refuse(`Unknown parameter: '${unknown}'.`, unknown, "unknown_parameter");
  const model = String(body["model"]);
  if (body["stream"] === true)
    return refuse("Streaming is not supported in the Batch API.", "stream", "unsupported_value");
  if (typeof body["temperature"] === "number" && body["temperature"] !== 1 && hasFixedTemperature(model))
    return refuse(
      `Unsupported value: 'temperature' does not support ${body["temperature"]} with this model. Only the default (1) value is supported.`,
      "temperature",
      "unsupported_value",
    );
  const ranges =
    rangeFault(body, "temperature", 0, 2) ??
    rangeFault(body, "top_p", 0, 1) ??
    rangeFault(body, "n", 1, 128) ??
    rangeFault(body, "max_tokens", 1, Infinity) ??
    rangeFault(body, "max_completion_tokens", 1, Infinity) ??
    rangeFault(body, "max_output_tokens", 16, Infinity);
  if (ranges) return ranges;
  if (endpoint === "/v1/chat/completions") {
    if (body["messages"] === undefined) return missing("messages");
    if (typeof body["max_tokens"] === "number" && isReasoningModel(model))
      return refuse(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "max_tokens",
        "unsupported_parameter",
      );
    return (
      messagesFault(body["messages"], "messages") ??
      formatFault(body["response_format"], "response_format", (format) => format["json_schema"])
    );
  }
  const { input } = body;
  if (input === undefined && !["prompt", "conversation", "previous_response_id"].some((name) => name in body))
    return missing("input");
  const text = isObject(body["text"]) ? body["text"] : {};
  return (
    (input === undefined || typeof input === "string" ? null : messagesFault(input, "input")) ??
    formatFault(text["format"], "text.format", (format) => format)
  );
}
