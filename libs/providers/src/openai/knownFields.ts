import { driftOfLine, knownFields, type KnownFields } from "../driftOf.ts";

/**
 * Fields of a batch, after the official SDK's `Batch` (openai 6.49, resources/batches.d.ts). Those from `error` on
 * are Together's.
 */
export const JOB_FIELDS: KnownFields = knownFields({
  "": "id completion_window created_at endpoint input_file_id object status cancelled_at cancelling_at completed_at error_file_id errors expired_at expires_at failed_at finalizing_at in_progress_at metadata model output_file_id request_counts usage error job_deadline user_id file_size_bytes progress model_id",
  request_counts: "total completed failed",
  errors: "data object",
  "errors.data[]": "code line message param",
  usage: "input_tokens input_tokens_details output_tokens output_tokens_details total_tokens",
});

const LINE = {
  "": "id custom_id response error",
  response: "status_code request_id body",
  error: "code message",
};
const TOLD = "code message param type";

const REFUSED = knownFields({ ...LINE, "response.body": "error", "response.body.error": TOLD });

/** After `ChatCompletion` (resources/chat/completions). */
const CHAT = knownFields({
  ...LINE,
  "response.body":
    "id choices created model object metadata moderation service_tier system_fingerprint usage",
  "response.body.choices[]": "finish_reason index logprobs message",
  "response.body.choices[].message": "content refusal role annotations audio function_call tool_calls",
  "response.body.usage":
    "completion_tokens prompt_tokens total_tokens completion_tokens_details prompt_tokens_details",
});

/** After `Response` (resources/responses), and `billing`, `store` and penalties, which it echoes beside them. */
const RESPONSES = knownFields({
  ...LINE,
  "response.body":
    "id access_programs output_text created_at error incomplete_details instructions metadata model object output parallel_tool_calls temperature tool_choice tools top_p background billing completed_at conversation frequency_penalty image input_transformations max_output_tokens max_tool_calls moderation presence_penalty previous_response_id prompt prompt_cache_diagnostics prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier status store text tool_usage top_logprobs truncation usage user",
  "response.body.error": TOLD,
  "response.body.usage": "input_tokens input_tokens_details output_tokens output_tokens_details total_tokens",
});

/** Fields of a line of a result or error file that are not known. */
export function lineDrift(text: string): readonly string[] {
  return driftOfLine(text, (line) => {
    const body = (line as { response?: { body?: unknown } | null } | null)?.response?.body;
    if (typeof body !== "object" || body === null) return REFUSED;
    if ("choices" in body) return CHAT;
    return "output" in body ? RESPONSES : REFUSED;
  });
}
