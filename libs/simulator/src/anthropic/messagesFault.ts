import { isObject } from "../isObject.ts";

/** The blocks of the SDK's `ContentBlockParam`. */
const BLOCKS = new Set(
  "text image document search_result thinking redacted_thinking tool_use tool_result server_tool_use web_search_tool_result web_fetch_tool_result code_execution_tool_result bash_code_execution_tool_result text_editor_code_execution_tool_result tool_search_tool_result container_upload".split(
    " ",
  ),
);

function blockFault(block: unknown, place: string): string | null {
  if (!isObject(block)) return `${place}: Input should be an object`;
  const { type } = block;
  if (type === undefined) return `${place}.type: Field required`;
  if (!BLOCKS.has(type as string))
    return `${place}: Input tag ${JSON.stringify(type)} found using 'type' does not match any of the expected tags: ${[...BLOCKS].join(", ")}`;
  if (type !== "text") return null;
  if (typeof block["text"] !== "string") return `${place}.text.text: Input should be a valid string`;
  return block["text"] === "" ? "messages: text content blocks must be non-empty" : null;
}

function contentFault(content: unknown, place: string): string | null {
  if (content === undefined) return `${place}.content: Field required`;
  if (typeof content === "string") return null;
  if (!Array.isArray(content)) return `${place}.content: Input should be a valid list`;
  for (const [index, block] of content.entries()) {
    const fault = blockFault(block, `${place}.content.${index}`);
    if (fault) return fault;
  }
  return null;
}

/** What the API refuses in a conversation, or null: https://platform.claude.com/docs/en/api/messages */
export function messagesFault(messages: unknown): string | null {
  if (messages === undefined) return "messages: Field required";
  if (!Array.isArray(messages)) return "messages: Input should be a valid list";
  if (messages.length === 0) return "messages: at least one message is required";
  for (const [index, message] of messages.entries()) {
    const place = `messages.${index}`;
    if (!isObject(message)) return `${place}: Input should be an object`;
    const { role, content, ...others } = message;
    if (role === undefined) return `${place}.role: Field required`;
    if (role !== "user" && role !== "assistant" && role !== "system")
      return `${place}.role: Input should be 'user', 'assistant' or 'system'`;
    const [extra] = Object.keys(others);
    if (extra !== undefined) return `${place}.${extra}: Extra inputs are not permitted`;
    const fault = contentFault(content, place);
    if (fault) return fault;
    if (content === "" || (Array.isArray(content) && content.length === 0))
      return `messages.${index}: ${role} messages must have non-empty content`;
  }
  const [first] = messages as { role: string }[];
  return first?.role === "user" ? null : 'messages: first message must use the "user" role';
}
