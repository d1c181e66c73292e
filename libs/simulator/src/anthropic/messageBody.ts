import type { Draft } from "../answers/draft.ts";
import { isObject } from "../isObject.ts";

type Params = Readonly<Record<string, unknown>>;

const STOP = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  refusal: "refusal",
  content_filter: "refusal",
} as const;

function inputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What was cut off in the midst of its arguments.
    return {};
  }
}

function thinkingOf({ thinking }: Params, draft: Draft, id: string): object[] {
  if (draft.usage.reasoningTokens === 0) return [];
  const omitted = isObject(thinking) && thinking["display"] === "omitted";
  return [
    {
      type: "thinking",
      thinking: omitted ? "" : "Let me think about this.",
      signature: Buffer.from(id).toString("base64"),
    },
  ];
}

function contentOf(params: Params, draft: Draft, id: string): object[] {
  const { text, tool, finish } = draft;
  if (finish === "content_filter") return [];
  const thought = thinkingOf(params, draft, id);
  if (tool !== null)
    return [
      ...thought,
      {
        type: "tool_use",
        id: `toolu_01${id.slice(0, 22)}`,
        name: tool,
        input: inputOf(text),
        caller: { type: "direct" },
      },
    ];
  return text === "" ? thought : [...thought, { type: "text", text, citations: null }];
}

/**
 * A `Message`, as in the SDK's resources/messages. A refusal is told in words; an answer that a policy stopped has no
 * content, and a category. Input that was read from or written to a cache is counted beside the rest.
 */
export function messageBody(params: Params, draft: Draft, id: string): object {
  const { usage, finish, stoppedBy } = draft;
  const fresh = usage.inputTokens - usage.cachedTokens - usage.cacheWriteTokens;
  const refused = finish === "refusal" || finish === "content_filter";
  return {
    id: `msg_01${id.slice(0, 22)}`,
    type: "message",
    role: "assistant",
    model: params["model"],
    content: contentOf(params, draft, id),
    stop_reason: stoppedBy === null ? STOP[finish] : "stop_sequence",
    stop_sequence: stoppedBy,
    stop_details: refused
      ? { type: "refusal", category: finish === "refusal" ? null : "general_harms", explanation: null }
      : null,
    container: null,
    diagnostics: null,
    usage: {
      input_tokens: fresh,
      cache_creation_input_tokens: usage.cacheWriteTokens,
      cache_read_input_tokens: usage.cachedTokens,
      cache_creation: {
        ephemeral_5m_input_tokens: usage.cacheWriteTokens - usage.longCacheWriteTokens,
        ephemeral_1h_input_tokens: usage.longCacheWriteTokens,
      },
      output_tokens: usage.outputTokens,
      output_tokens_details: { thinking_tokens: usage.reasoningTokens },
      server_tool_use: null,
      service_tier: "batch",
      inference_geo: null,
      speed: null,
    },
  };
}
