import { driftOfLine, knownFields, type KnownFields } from "../driftOf.ts";

/** Fields of a batch, after the official SDK's `MessageBatch` (@anthropic-ai/sdk 1.12, resources/messages/batches.d.ts). */
export const JOB_FIELDS: KnownFields = knownFields({
  "": "id archived_at cancel_initiated_at created_at ended_at expires_at processing_status request_counts results_url type",
  request_counts: "canceled errored expired processing succeeded",
});

/** After `MessageBatchIndividualResponse` and `Message` of the same. */
const LINE: KnownFields = knownFields({
  "": "custom_id result",
  result: "type message error",
  "result.error": "type error request_id message",
  "result.error.error": "type message details",
  "result.message":
    "id container content context_management diagnostics model role stop_details stop_reason stop_sequence type usage",
  "result.message.usage":
    "cache_creation cache_creation_input_tokens cache_read_input_tokens inference_geo input_tokens iterations output_tokens output_tokens_details server_tool_use service_tier speed",
});

/** Fields of a line of a batch's results that are not known. */
export function lineDrift(text: string): readonly string[] {
  return driftOfLine(text, () => LINE);
}
