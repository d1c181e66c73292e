import { driftOfLine, knownFields, type KnownFields } from "../driftOf.ts";

const OUTPUT = "@type responsesFile inlinedResponses inlinedEmbedContentResponses";

/** Fields of an operation that stands for a batch. Source: https://ai.google.dev/api/batch-api */
export const JOB_FIELDS: KnownFields = knownFields({
  "": "name metadata done error response",
  metadata:
    "@type name model displayName inputConfig output createTime endTime updateTime batchStats state priority",
  "metadata.batchStats": "requestCount successfulRequestCount failedRequestCount pendingRequestCount",
  "metadata.inputConfig": "fileName requests",
  "metadata.output": OUTPUT,
  response: OUTPUT,
  error: "code message details",
});

/** After `GenerateContentResponse` of the official SDK (@google/genai 3.1) and https://ai.google.dev/api/generate-content */
const LINE: KnownFields = knownFields({
  "": "key metadata response error",
  error: "code status message details",
  response:
    "candidates promptFeedback usageMetadata modelVersion responseId createTime modelStatus sdkHttpResponse automaticFunctionCallingHistory",
  "response.candidates[]":
    "content citationMetadata finishMessage tokenCount finishReason groundingMetadata groundingAttributions avgLogprobs index logprobsResult safetyRatings urlContextMetadata continuationToken",
  "response.candidates[].content": "parts role",
  "response.promptFeedback": "blockReason blockReasonMessage safetyRatings",
  "response.usageMetadata":
    "cacheTokensDetails cachedContentTokenCount candidatesTokenCount candidatesTokensDetails promptTokenCount promptTokensDetails responseTokenCount responseTokensDetails serviceTier thoughtsTokenCount toolUsePromptTokenCount toolUsePromptTokensDetails totalTokenCount trafficType initialPromptTokenCount",
});

/** Fields of a line of a result file that are not known. */
export function lineDrift(text: string): readonly string[] {
  return driftOfLine(text, () => LINE);
}
