import { isObject } from "../isObject.ts";
import { messagesFault } from "./messagesFault.ts";
import { decidesItself, mostTokens } from "./models.ts";
import { schemaFault } from "./schemaFault.ts";

type Params = Readonly<Record<string, unknown>>;

/** The parameters of the SDK's `MessageCreateParams`, and those that older models take. */
const KNOWN = new Set(
  "max_tokens messages model cache_control container diagnostics inference_geo metadata output_config service_tier speed stop_sequences stream system thinking tool_choice tools user_profile_id temperature top_k top_p".split(
    " ",
  ),
);

function maxTokensFault(params: Params, model: string): string | null {
  const value = params["max_tokens"];
  if (value === undefined) return "max_tokens: Field required";
  if (typeof value !== "number" || !Number.isInteger(value))
    return "max_tokens: Input should be a valid integer";
  if (value < 0) return "max_tokens: Input should be greater than or equal to 0";
  return value > mostTokens(model)
    ? `max_tokens: ${value} > ${mostTokens(model)}, which is the maximum allowed number of output tokens for ${model}`
    : null;
}

function samplingFault(params: Params, model: string): string | null {
  for (const [name, least, most] of [
    ["temperature", 0, 1],
    ["top_p", 0, 1],
    ["top_k", 0, Infinity],
  ] as const) {
    const value = params[name];
    if (value === undefined) continue;
    if (typeof value !== "number") return `${name}: Input should be a valid number`;
    if (value < least) return `${name}: range: ${least}..${most}`;
    if (value > most) return `${name}: range: ${least}..${most}`;
    if (decidesItself(model) && !(name === "temperature" && value === 1))
      return `\`${name}\` is deprecated for this model.`;
  }
  return null;
}

function thinkingFault(params: Params, model: string): string | null {
  const { thinking } = params;
  if (thinking === undefined) return null;
  if (!isObject(thinking)) return "thinking: Input should be an object";
  const { type, budget_tokens: budget } = thinking;
  if (type === "disabled" || type === "adaptive" || type === "between_tools") return null;
  if (type !== "enabled")
    return `thinking: Input tag ${JSON.stringify(type)} found using 'type' does not match any of the expected tags: 'adaptive', 'between_tools', 'disabled', 'enabled'`;
  if (decidesItself(model))
    return '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.';
  if (typeof budget !== "number" || budget < 1_024)
    return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
  if (budget >= Number(params["max_tokens"]))
    return "`max_tokens` must be greater than `thinking.budget_tokens`.";
  if (params["temperature"] !== undefined && params["temperature"] !== 1)
    return "`temperature` may only be set to 1 when thinking is enabled.";
  const choice = isObject(params["tool_choice"]) ? params["tool_choice"]["type"] : undefined;
  return choice === "any" || choice === "tool"
    ? "Thinking may not be enabled when tool_choice forces tool use."
    : null;
}

function toolsFault({ tools, tool_choice: choice }: Params): string | null {
  if (tools !== undefined && !Array.isArray(tools)) return "tools: Input should be a valid list";
  const own = (tools ?? []) as unknown[];
  for (const [index, tool] of own.entries()) {
    if (!isObject(tool)) return `tools.${index}: Input should be an object`;
    // Tools of the provider's own have another type, and no schema.
    if (tool["type"] !== undefined && tool["type"] !== "custom") {
      if (typeof tool["type"] === "string" && /_\d{8}$/.test(tool["type"])) continue;
      return `tools.${index}: Input tag ${JSON.stringify(tool["type"])} found using 'type' does not match any of the expected tags`;
    }
    if (typeof tool["name"] !== "string") return `tools.${index}.custom.name: Field required`;
    if (!isObject(tool["input_schema"])) return `tools.${index}.custom.input_schema: Field required`;
  }
  if (choice === undefined) return null;
  if (!isObject(choice) || !["auto", "any", "tool", "none"].includes(choice["type"] as string))
    return "tool_choice: Input should be one of 'auto', 'any', 'tool', 'none'";
  if (own.length === 0 && choice["type"] !== "none")
    return "tool_choice: may only be specified while providing tools.";
  return choice["type"] === "tool" && !own.some((tool) => isObject(tool) && tool["name"] === choice["name"])
    ? `Tool '${String(choice["name"])}' not found in provided tools`
    : null;
}

function outputFault({ output_config: config }: Params): string | null {
  if (config === undefined || config === null) return null;
  if (!isObject(config)) return "output_config: Input should be an object";
  const { format } = config;
  if (format === undefined || format === null) return null;
  if (!isObject(format) || format["type"] !== "json_schema")
    return "output_config.format.type: Input should be 'json_schema'";
  return format["schema"] === undefined
    ? "output_config.format.schema: Field required"
    : schemaFault(format["schema"]);
}

function systemFault({ system }: Params): string | null {
  if (system === undefined || typeof system === "string") return null;
  if (!Array.isArray(system)) return "system: Input should be a valid list";
  const wrong = system.findIndex(
    (block) => !isObject(block) || block["type"] !== "text" || typeof block["text"] !== "string",
  );
  return wrong === -1 ? null : `system.${wrong}.type: Input should be 'text'`;
}

/** What the API refuses in one request's params as an invalid request, or null: https://platform.claude.com/docs/en/api/messages */
export function paramsFault(params: Params): string | null {
  const model = String(params["model"]);
  const unknown = Object.keys(params).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return `${unknown}: Extra inputs are not permitted`;
  if (typeof params["model"] !== "string") return "model: Field required";
  if (params["stream"] === true) return "stream: Streaming is not supported in message batches";
  const stops = params["stop_sequences"];
  if (Array.isArray(stops) && stops.some((text) => typeof text !== "string" || text.trim() === ""))
    return "stop_sequences: each stop sequence must contain non-whitespace";
  return (
    maxTokensFault(params, model) ??
    messagesFault(params["messages"]) ??
    systemFault(params) ??
    samplingFault(params, model) ??
    thinkingFault(params, model) ??
    toolsFault(params) ??
    outputFault(params)
  );
}
