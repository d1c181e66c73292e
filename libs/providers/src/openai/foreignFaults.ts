import { CHAT, RESPONSES } from "./endpoints.ts";

type Tell = (path: string, message: string) => void;
type Fields = Readonly<Record<string, string>>;

/** Fields that show a body written for another provider's API, and what OpenAI calls them. */
const ELSEWHERE: Fields = {
  contents: "is another provider's form: OpenAI takes messages, or input for responses",
  systemInstruction: "is another provider's form: OpenAI takes a message of the system, or instructions",
  system: "is another provider's form: OpenAI takes a message of the system, or instructions",
  generationConfig: "is another provider's form: its settings stand beside the messages",
  safetySettings: "is another provider's form: OpenAI does not know it",
  stop_sequences: "is another provider's form: OpenAI takes stop",
  output_config: "is another provider's form: OpenAI takes response_format, or text.format for responses",
  anthropic_version: "is another provider's form: OpenAI does not know it",
  choices: "belongs to an answer, not to a request",
  candidates: "belongs to an answer of another provider, not to a request",
};

/** What the one endpoint calls otherwise than the other. */
const OTHER_ENDPOINT: Readonly<Record<string, Fields>> = {
  [CHAT]: {
    input: `belongs to ${RESPONSES}: ${CHAT} takes messages`,
    instructions: `belongs to ${RESPONSES}: ${CHAT} takes a message of the system`,
    max_output_tokens: `belongs to ${RESPONSES}: ${CHAT} takes max_completion_tokens`,
  },
  [RESPONSES]: {
    messages: `belongs to ${CHAT}: ${RESPONSES} takes input`,
    max_tokens: `belongs to ${CHAT}: ${RESPONSES} takes max_output_tokens`,
    max_completion_tokens: `belongs to ${CHAT}: ${RESPONSES} takes max_output_tokens`,
    response_format: `belongs to ${CHAT}: ${RESPONSES} takes text.format`,
    stop: `belongs to ${CHAT}: ${RESPONSES} does not know it`,
    seed: `belongs to ${CHAT}: ${RESPONSES} does not know it`,
    n: `belongs to ${CHAT}: an item has one answer`,
  },
};

const IMAGE: Fields = {
  [CHAT]: '{"type": "image_url", "image_url": {"url": …}}',
  [RESPONSES]: '{"type": "input_image", "image_url": …}',
};
/** Kinds of content that each endpoint does not know, though another one does. */
const FOREIGN_PARTS: Readonly<Record<string, ReadonlySet<unknown>>> = {
  [CHAT]: new Set(["image", "document", "input_image", "input_text", "input_file"]),
  [RESPONSES]: new Set(["image", "document", "image_url", "text"]),
};

/**
 * What in an item's own body belongs to another provider or to the other endpoint: fields, tools, images. Told before
 * anything is sent, since a batch would tell it of each line at its end. Paths are relative to the item.
 */
export function foreignFaults(body: Readonly<Record<string, unknown>>, endpoint: string, tell: Tell): void {
  for (const [field, message] of Object.entries({ ...ELSEWHERE, ...OTHER_ENDPOINT[endpoint] }))
    if (body[field] !== undefined) tell(`body.${field}`, message);
  toolFaults(body["tools"], tell);
  const list = endpoint === CHAT ? "messages" : "input";
  for (const [at, message] of listOf(body[list]).entries())
    messageFaults(message, `body.${list}[${at}]`, endpoint, tell);
}

function toolFaults(tools: unknown, tell: Tell): void {
  for (const [at, tool] of listOf(tools).entries())
    if (["input_schema", "functionDeclarations", "function_declarations"].some((name) => name in tool))
      tell(
        `body.tools[${at}]`,
        'is another provider\'s form: OpenAI takes {"type": "function", …} with parameters',
      );
}

function messageFaults(
  message: Readonly<Record<string, unknown>>,
  path: string,
  endpoint: string,
  tell: Tell,
): void {
  if (message["parts"] !== undefined)
    tell(`${path}.parts`, "is another provider's form: OpenAI takes content");
  for (const [at, part] of listOf(message["content"]).entries())
    if (FOREIGN_PARTS[endpoint]?.has(part["type"]) || "inlineData" in part || "inline_data" in part)
      tell(`${path}.content[${at}]`, `is not a form of ${endpoint}: an image is ${IMAGE[endpoint]}`);
}

/** The objects of a list; none where it is no list, for whatever else it is will be told by others. */
function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) return [];
  // Those that are no objects keep their places.
  return value.map((entry: unknown) =>
    typeof entry === "object" && entry !== null ? (entry as Record<string, unknown>) : {},
  );
}
