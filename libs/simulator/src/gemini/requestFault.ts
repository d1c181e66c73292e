import { isObject } from "../isObject.ts";
import { schemaFault } from "./schemaFault.ts";

type Request = Readonly<Record<string, unknown>>;

const DATA =
  "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult".split(" ");

function contentFault(content: unknown, place: string): string | null {
  if (!isObject(content)) return `${place}: must be a Content.`;
  const role = content["role"];
  if (role !== undefined && role !== "user" && role !== "model")
    return "Please use a valid role: user, model.";
  const parts = content["parts"];
  if (!Array.isArray(parts) || parts.length === 0)
    return `* ${place}.parts: contents.parts must not be empty.`;
  const empty = parts.findIndex((part) => !isObject(part) || !DATA.some((name) => name in part));
  return empty === -1
    ? null
    : `* ${place}.parts[${empty}].data: required oneof field 'data' must have one initialized field`;
}

function rangeFault(config: Request, name: string, least: number, most: number): string | null {
  const value = config[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number")
    return `Invalid value at 'generation_config.${name}' (TYPE_FLOAT), ${JSON.stringify(value)}`;
  return value >= least && value <= most
    ? null
    : `* GenerateContentRequest.generation_config.${name}: ${name} must be in the range [${least}, ${most}].`;
}

function configFault(config: Request): string | null {
  const ranges =
    rangeFault(config, "temperature", 0, 2) ??
    rangeFault(config, "topP", 0, 1) ??
    rangeFault(config, "topK", 1, 1_000) ??
    rangeFault(config, "candidateCount", 1, 8) ??
    rangeFault(config, "maxOutputTokens", 1, 2 ** 31 - 1) ??
    rangeFault(config, "presencePenalty", -2, 2) ??
    rangeFault(config, "frequencyPenalty", -2, 2);
  if (ranges) return ranges;
  const stops = config["stopSequences"];
  if (Array.isArray(stops) && stops.length > 5)
    return "* GenerateContentRequest.generation_config.stop_sequences: at most 5 stop sequences are allowed.";
  const type = config["responseMimeType"] ?? "text/plain";
  if (!["text/plain", "application/json", "text/x.enum"].includes(type as string))
    return "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.";
  const schemas = ["responseSchema", "responseJsonSchema"].filter((name) => config[name] !== undefined);
  if (schemas.length === 2)
    return "* GenerateContentRequest.generation_config: response_schema and response_json_schema may not both be set.";
  if (schemas.length > 0 && type === "text/plain")
    return "* GenerateContentRequest.generation_config.response_schema: only allowed when `response_mime_type` is `application/json` or `text/x.enum`.";
  return config["responseJsonSchema"] === undefined
    ? null
    : schemaFault(
        config["responseJsonSchema"],
        "* GenerateContentRequest.generation_config.response_json_schema",
      );
}

/** What the API refuses in one request of a model, as INVALID_ARGUMENT, or null: https://ai.google.dev/api/generate-content */
export function requestFault(request: Request, model: string): string | null {
  const named = request["model"];
  if (named !== undefined && named !== `models/${model}` && named !== model)
    return `* BatchGenerateContentRequest.batch.model: ${JSON.stringify(named)} of a request is not 'models/${model}' of the batch.`;
  const contents = request["contents"];
  if (!Array.isArray(contents) || contents.length === 0)
    return "* GenerateContentRequest.contents: contents is not specified";
  for (const [index, content] of contents.entries()) {
    const fault = contentFault(content, `GenerateContentRequest.contents[${index}]`);
    if (fault) return fault;
  }
  const system = request["systemInstruction"];
  if (system !== undefined && !isObject(system)) return "Invalid value at 'system_instruction'";
  const config = request["generationConfig"];
  if (config !== undefined && !isObject(config)) return "Invalid value at 'generation_config'";
  return isObject(config) ? configFault(config) : null;
}
