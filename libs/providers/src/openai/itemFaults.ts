import type { Fault, Item, LineContext } from "@granary/domain";
import { CHAT, RESPONSES } from "./endpoints.ts";
import { foreignFaults } from "./foreignFaults.ts";

/**
 * Faults of one item that OpenAI, or the promise of one answer an item, would meet only after the job was
 * created. All at once; paths are relative to the item.
 */
export function itemFaults(item: Item, context: LineContext): readonly Fault[] {
  if (context.endpoint !== CHAT && context.endpoint !== RESPONSES)
    return [{ path: "", message: `cannot travel to ${context.endpoint}: use ${CHAT} or ${RESPONSES}` }];
  const faults: Fault[] = [];
  const fault = (path: string, message: string) => faults.push({ key: item.key, path, message });
  const isChat = context.endpoint === CHAT;
  if (!isChat && item.params?.stop !== undefined)
    fault("params.stop", `is not known to ${RESPONSES}: leave it out, or use ${CHAT}`);
  if (!isChat && item.params?.seed !== undefined)
    fault("params.seed", `is not known to ${RESPONSES}: leave it out, or use ${CHAT}`);
  if (item.body) bodyFaults(item.body, context, fault);
  return faults;
}

function bodyFaults(
  body: NonNullable<Item["body"]>,
  { endpoint, model, output }: LineContext,
  fault: (path: string, message: string) => void,
): void {
  const isChat = endpoint === CHAT;
  if (body["model"] !== undefined && body["model"] !== model)
    fault(
      "body.model",
      `is ${JSON.stringify(body["model"])}, but the request is for ${model}: a job has one model`,
    );
  if (body["stream"] !== undefined && body["stream"] !== false)
    fault("body.stream", "must be false or left out: a batch does not stream");
  if (isChat && body["n"] !== undefined && body["n"] !== null && body["n"] !== 1)
    fault("body.n", "must be 1 or left out: an item has one answer");
  if (!isChat && body["background"] !== undefined && body["background"] !== false)
    fault("body.background", "must be false or left out: a batch already runs in the background");
  if (isChat && !(Array.isArray(body["messages"]) && body["messages"].length > 0))
    fault("body.messages", "must be a list of at least one message");
  if (!isChat && body["input"] === undefined && body["prompt"] === undefined)
    fault("body.input", "is missing: give input, or a prompt template in prompt");
  foreignFaults(body, endpoint, fault);
  if (output.type !== "json_schema") return;
  const remedy = "the request's output says it already: give it in one place";
  if (isChat && body["response_format"] !== undefined) fault("body.response_format", remedy);
  const text = body["text"];
  if (!isChat && typeof text === "object" && text !== null && "format" in text)
    fault("body.text.format", remedy);
}
