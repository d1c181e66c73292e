import type { Fault, Item, LineContext } from "@granary/domain";
import { MESSAGES } from "./endpoints.ts";

type Tell = (path: string, message: string) => void;

/** Fields that show a body written for another API, and what Anthropic calls them. */
const FOREIGN: Readonly<Record<string, string>> = {
  contents: "is another provider's form: Anthropic takes messages, each with a role and content",
  input: "is another provider's form: Anthropic takes messages, each with a role and content",
  prompt: "is another provider's form: Anthropic takes messages, each with a role and content",
  systemInstruction: "is another provider's form: Anthropic takes system",
  instructions: "is another provider's form: Anthropic takes system",
  generationConfig: "is another provider's form: its settings stand beside messages",
  max_completion_tokens: "is another provider's form: Anthropic takes max_tokens",
  max_output_tokens: "is another provider's form: Anthropic takes max_tokens",
  stop: "is another provider's form: Anthropic takes stop_sequences",
  response_format: "is another provider's form: Anthropic takes output_config.format",
  seed: "is not known to Anthropic: leave it out",
  n: "is not known to Anthropic: an item has one answer",
  choices: "belongs to an answer of another provider, not to a request",
};
/** Blocks of OpenAI's, and parts of Gemini's, that stand in a message's content. */
const FOREIGN_BLOCKS: ReadonlySet<unknown> = new Set([
  "image_url",
  "input_image",
  "input_text",
  "input_audio",
  "input_file",
]);

/**
 * Faults of one item that Anthropic, which checks a line only when the batch comes to it, would tell at the end. All
 * at once; paths are relative to the item.
 */
export function itemFaults(item: Item, context: LineContext): readonly Fault[] {
  if (context.endpoint !== MESSAGES)
    return [{ path: "", message: `cannot travel to ${context.endpoint}: use ${MESSAGES}` }];
  const faults: Fault[] = [];
  const tell: Tell = (path, message) => faults.push({ key: item.key, path, message });
  const { seed, temperature, stop } = item.params ?? {};
  if (seed !== undefined) tell("params.seed", "is not known to Anthropic: leave it out");
  if (temperature !== undefined && temperature > 1)
    tell("params.temperature", "must be at most 1 for Anthropic");
  if ([stop ?? []].flat().some((text) => text.trim() === ""))
    tell("params.stop", "must not be white space alone for Anthropic");
  if (item.messages) turnFaults(item.messages, tell);
  if (item.body) bodyFaults(item.body, context, tell);
  return faults;
}

function turnFaults(messages: NonNullable<Item["messages"]>, tell: Tell): void {
  const first = messages.findIndex(({ role }) => role !== "system");
  if (first < 0)
    tell("messages", "must have a turn of the user: Anthropic keeps system messages apart from them");
  for (const [at, { role }] of messages.entries())
    if (role === "system" && first >= 0 && at > first)
      tell(`messages[${at}]`, "must stand before the first turn: Anthropic has system prompts only there");
}

function bodyFaults(body: NonNullable<Item["body"]>, { model, output }: LineContext, tell: Tell): void {
  if (body["model"] !== undefined && body["model"] !== model)
    tell(
      "body.model",
      `is ${JSON.stringify(body["model"])}, but the request is for ${model}: a job has one model`,
    );
  for (const [field, message] of Object.entries(FOREIGN))
    if (body[field] !== undefined) tell(`body.${field}`, message);
  if (body["stream"] !== undefined && body["stream"] !== false)
    tell("body.stream", "must be false or left out: a batch does not stream");
  if (!(typeof body["max_tokens"] === "number" && body["max_tokens"] > 0))
    tell("body.max_tokens", "must say how many tokens the answer may have: Anthropic demands it");
  const messages = body["messages"];
  if (!(Array.isArray(messages) && messages.length > 0))
    tell("body.messages", "must be a list of at least one message");
  else for (const [at, message] of messages.entries()) messageFaults(message, `body.messages[${at}]`, tell);
  if (Array.isArray(body["tools"]))
    for (const [at, tool] of body["tools"].entries())
      if (isObject(tool) && (tool["type"] === "function" || tool["functionDeclarations"] !== undefined))
        tell(`body.tools[${at}]`, "is another provider's form: Anthropic takes name and input_schema");
  const config = body["output_config"];
  if (output.type === "json_schema" && isObject(config) && config["format"] != null)
    tell("body.output_config.format", "is said already by the request's output: give it in one place");
}

function messageFaults(message: unknown, path: string, tell: Tell): void {
  if (!isObject(message)) {
    tell(path, "must be an object with a role and content");
    return;
  }
  if (message["role"] !== "user" && message["role"] !== "assistant")
    tell(`${path}.role`, "must be user or assistant: what the system says stands in body.system");
  if (message["parts"] !== undefined)
    tell(`${path}.parts`, "is another provider's form: Anthropic takes content");
  if (!Array.isArray(message["content"])) return;
  for (const [at, block] of message["content"].entries())
    if (isObject(block) && (FOREIGN_BLOCKS.has(block["type"]) || block["inlineData"] !== undefined))
      tell(
        `${path}.content[${at}]`,
        'is another provider\'s form: Anthropic takes {"type": "text", …} and {"type": "image", "source": …}',
      );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
