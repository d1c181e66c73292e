import type { Draft } from "../answers/draft.ts";

type Body = Readonly<Record<string, unknown>>;

/** A `ChatCompletion`, as in the SDK's resources/chat/completions. */
export function chatCompletion(body: Body, draft: Draft, id: string, createdSeconds: number): object {
  const { finish, text, usage } = draft;
  const message = {
    role: "assistant",
    content: finish === "refusal" || draft.tool !== null ? null : text,
    ...(draft.tool === null
      ? {}
      : {
          tool_calls: [
            {
              id: `call_${id.slice(0, 24)}`,
              type: "function",
              function: { name: draft.tool, arguments: text },
            },
          ],
        }),
    refusal: finish === "refusal" ? text : null,
    annotations: [],
  };
  const copies = typeof body["n"] === "number" ? body["n"] : 1;
  return {
    id: `chatcmpl-${id}`,
    object: "chat.completion",
    created: createdSeconds,
    model: body["model"],
    choices: Array.from({ length: copies }, (_, index) => ({
      index,
      message,
      logprobs: null,
      finish_reason: finish === "refusal" ? "stop" : finish,
    })),
    usage: {
      prompt_tokens: usage.inputTokens,
      completion_tokens: usage.outputTokens,
      total_tokens: usage.inputTokens + usage.outputTokens,
      prompt_tokens_details: {
        cached_tokens: usage.cachedTokens,
        cache_write_tokens: usage.cacheWriteTokens,
        audio_tokens: 0,
      },
      completion_tokens_details: {
        reasoning_tokens: usage.reasoningTokens,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    },
    service_tier: "default",
    system_fingerprint: null,
  };
}

function outputItem(draft: Draft, id: string): object {
  const { finish, text } = draft;
  const status = finish === "length" || finish === "content_filter" ? "incomplete" : "completed";
  if (draft.tool !== null)
    return {
      id: `fc_${id}`,
      type: "function_call",
      status,
      arguments: text,
      call_id: `call_${id.slice(0, 24)}`,
      name: draft.tool,
    };
  return {
    id: `msg_${id}`,
    type: "message",
    status,
    role: "assistant",
    content: [
      finish === "refusal"
        ? { type: "refusal", refusal: text }
        : { type: "output_text", annotations: [], logprobs: [], text },
    ],
  };
}

/** A `Response` of the Responses API, as in the SDK's resources/responses. */
export function responseObject(body: Body, draft: Draft, id: string, createdSeconds: number): object {
  const { finish, usage } = draft;
  const cut = finish === "length" || finish === "content_filter";
  const output: object[] =
    usage.reasoningTokens > 0 ? [{ id: `rs_${id}`, type: "reasoning", summary: [] }] : [];
  output.push(outputItem(draft, id));
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: createdSeconds,
    status: cut ? "incomplete" : "completed",
    background: false,
    completed_at: cut ? null : createdSeconds,
    error: null,
    incomplete_details: cut ? { reason: finish === "length" ? "max_output_tokens" : "content_filter" } : null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    max_tool_calls: body["max_tool_calls"] ?? null,
    model: body["model"],
    output,
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    previous_response_id: body["previous_response_id"] ?? null,
    prompt_cache_key: body["prompt_cache_key"] ?? null,
    reasoning: body["reasoning"] ?? { effort: null, summary: null },
    safety_identifier: null,
    service_tier: "default",
    store: body["store"] ?? true,
    temperature: body["temperature"] ?? 1,
    text: body["text"] ?? { format: { type: "text" } },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: body["tools"] ?? [],
    top_logprobs: 0,
    top_p: body["top_p"] ?? 1,
    truncation: body["truncation"] ?? "disabled",
    usage: {
      input_tokens: usage.inputTokens,
      input_tokens_details: {
        cached_tokens: usage.cachedTokens,
        cache_write_tokens: usage.cacheWriteTokens,
      },
      output_tokens: usage.outputTokens,
      output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
      total_tokens: usage.inputTokens + usage.outputTokens,
    },
    user: null,
    metadata: body["metadata"] ?? {},
  };
}
