import type { Fault, Item, LineContext } from "@granary/domain";
import { GENERATE_CONTENT } from "./endpoints.ts";

type Tell = (path: string, message: string) => void;

const INT32 = 2 ** 31;

/** Fields that show a body written for another API, or for an SDK, and what Gemini calls them. */
const FOREIGN: Readonly<Record<string, string>> = {
  messages: "is another provider's form: Gemini takes contents, each with a role and parts",
  input: "is another provider's form: Gemini takes contents, each with a role and parts",
  prompt: "is another provider's form: Gemini takes contents, each with a role and parts",
  system: "is another provider's form: Gemini takes systemInstruction",
  instructions: "is another provider's form: Gemini takes systemInstruction",
  max_tokens: "is another provider's form: Gemini takes generationConfig.maxOutputTokens",
  max_completion_tokens: "is another provider's form: Gemini takes generationConfig.maxOutputTokens",
  max_output_tokens: "is another provider's form: Gemini takes generationConfig.maxOutputTokens",
  temperature: "must stand in generationConfig",
  top_p: "is another provider's form: Gemini takes generationConfig.topP",
  stop: "is another provider's form: Gemini takes generationConfig.stopSequences",
  stop_sequences: "is another provider's form: Gemini takes generationConfig.stopSequences",
  response_format: "is another provider's form: Gemini takes generationConfig.responseJsonSchema",
  output_config: "is another provider's form: Gemini takes generationConfig.responseJsonSchema",
  anthropic_version: "is another provider's form: Gemini does not know it",
  choices: "belongs to an answer of another provider, not to a request",
  config: "is the SDK's form: its fields stand in generationConfig, systemInstruction and tools",
};

/**
 * Faults of one item that Gemini, or the promise of one answer an item, would meet only after the job was created.
 * All at once; paths are relative to the item.
 */
export function itemFaults(item: Item, context: LineContext): readonly Fault[] {
  if (context.endpoint !== GENERATE_CONTENT)
    return [{ path: "", message: `cannot travel to ${context.endpoint}: use ${GENERATE_CONTENT}` }];
  const faults: Fault[] = [];
  const tell: Tell = (path, message) => faults.push({ key: item.key, path, message });
  const { seed } = item.params ?? {};
  if (seed !== undefined && (seed < -INT32 || seed >= INT32))
    tell("params.seed", "must be a number of 32 bits for Gemini: from -2147483648 to 2147483647");
  if (item.messages) turnFaults(item.messages, tell);
  if (item.body) bodyFaults(item.body, context, tell);
  return faults;
}

function turnFaults(messages: NonNullable<Item["messages"]>, tell: Tell): void {
  const first = messages.findIndex(({ role }) => role !== "system");
  if (first < 0)
    tell("messages", "must have a turn of the user: Gemini keeps system messages apart from them");
  for (const [at, { role }] of messages.entries())
    if (role === "system" && first >= 0 && at > first)
      tell(`messages[${at}]`, "must stand before the first turn: Gemini has system instructions only there");
}

function bodyFaults(body: NonNullable<Item["body"]>, { model, output }: LineContext, tell: Tell): void {
  const named = body["model"];
  if (named !== undefined && (typeof named !== "string" || plain(named) !== plain(model)))
    tell("body.model", `is ${JSON.stringify(named)}, but the request is for ${model}: a job has one model`);
  for (const [field, message] of Object.entries(FOREIGN))
    if (body[field] !== undefined) tell(`body.${field}`, message);
  if (body["stream"] !== undefined && body["stream"] !== false)
    tell("body.stream", "must be left out: a batch does not stream");
  if (!(Array.isArray(body["contents"]) && body["contents"].length > 0))
    tell("body.contents", "must be a list of at least one content, each with a role and parts");
  toolFaults(body["tools"], tell);
  const config = body["generationConfig"];
  if (config !== undefined && !isObject(config)) {
    tell("body.generationConfig", "must be an object");
    return;
  }
  const count = config?.["candidateCount"];
  if (count !== undefined && count !== 1)
    tell("body.generationConfig.candidateCount", "must be 1 or left out: an item has one answer");
  if (output.type !== "json_schema") return;
  if (body["generation_config"] !== undefined)
    tell(
      "body.generation_config",
      "must be written generationConfig, so that the request's output can join it",
    );
  for (const field of ["responseMimeType", "responseSchema", "responseJsonSchema", "responseFormat"])
    if (config?.[field] !== undefined)
      tell(`body.generationConfig.${field}`, "is said already by the request's output: give it in one place");
}

function toolFaults(tools: unknown, tell: Tell): void {
  if (!Array.isArray(tools)) return;
  for (const [at, tool] of tools.entries())
    if (isObject(tool) && (tool["type"] !== undefined || tool["input_schema"] !== undefined))
      tell(`body.tools[${at}]`, "is another provider's form: Gemini takes functionDeclarations");
}

function plain(model: string): string {
  return model.replace(/^models\//, "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
