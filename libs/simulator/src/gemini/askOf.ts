import type { Ask } from "../answers/draft.ts";
import { tokensOf } from "../answers/words.ts";
import { isObject } from "../isObject.ts";
import { isThinkingModel } from "./models.ts";

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => (isObject(value) ? value : {});

/** An OpenAPI schema as JSON Schema: types in lower case, `nullable` as a type. */
function fromOpenapi(schema: unknown): Fields {
  if (!isObject(schema)) return {};
  const made: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema))
    if (name === "properties")
      made[name] = Object.fromEntries(
        Object.entries(fieldsOf(value)).map(([property, part]) => [property, fromOpenapi(part)]),
      );
    else if (name === "items") made[name] = fromOpenapi(value);
    else if (name === "anyOf" && Array.isArray(value)) made[name] = value.map(fromOpenapi);
    else if (name === "type") made[name] = String(value).toLowerCase();
    // Numbers of 64 bits are strings in Google's JSON.
    else if (/^(?:min|max)/.test(name)) made[name] = Number(value);
    else if (name !== "nullable") made[name] = value;
  return made;
}

function schemaOf(config: Fields): Fields | null {
  if (isObject(config["responseJsonSchema"])) return config["responseJsonSchema"];
  if (config["responseSchema"] !== undefined) return fromOpenapi(config["responseSchema"]);
  if (config["responseMimeType"] !== "application/json") return null;
  return { type: "object", properties: { answer: { type: "string" } }, required: ["answer"] };
}

function forcedTool({ tools, toolConfig }: Fields): Ask["tool"] {
  const { mode, allowedFunctionNames } = fieldsOf(fieldsOf(toolConfig)["functionCallingConfig"]);
  if (mode !== "ANY" || !Array.isArray(tools)) return null;
  const declared = tools
    .flatMap((tool) => fieldsOf(tool)["functionDeclarations"] as unknown[])
    .filter(isObject);
  const allowed = Array.isArray(allowedFunctionNames) ? allowedFunctionNames : [];
  const tool = declared.find(({ name }) => allowed.length === 0 || allowed.includes(name));
  if (!tool) return null;
  const own = tool["parametersJsonSchema"];
  return { name: String(tool["name"]), parameters: isObject(own) ? own : fromOpenapi(tool["parameters"]) };
}

/** What a request asks of the model. */
export function askOf(request: Fields, model: string): Ask {
  const config = fieldsOf(request["generationConfig"]);
  const thinking = fieldsOf(config["thinkingConfig"]);
  const system =
    request["systemInstruction"] === undefined ? "" : JSON.stringify(request["systemInstruction"]);
  const extras = [request["tools"], config["responseJsonSchema"], config["responseSchema"]];
  let inputTokens = tokensOf(JSON.stringify(request["contents"])) + tokensOf(system);
  for (const extra of extras) if (extra !== undefined) inputTokens += tokensOf(JSON.stringify(extra));
  const { maxOutputTokens, candidateCount } = config;
  return {
    inputTokens,
    system,
    caching: "implicit",
    schema: schemaOf(config),
    tool: forcedTool(request),
    stop: config["stopSequences"],
    limit: typeof maxOutputTokens === "number" ? maxOutputTokens : Infinity,
    copies: typeof candidateCount === "number" ? candidateCount : 1,
    thinks: isThinkingModel(model) && thinking["thinkingBudget"] !== 0,
    refusesInWords: false,
  };
}
