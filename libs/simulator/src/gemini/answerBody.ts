import type { Draft } from "../answers/draft.ts";
import { isObject } from "../isObject.ts";

type Fields = Readonly<Record<string, unknown>>;

const FINISH = { stop: "STOP", tool_calls: "STOP", length: "MAX_TOKENS" } as const;

function partsOf({ text, tool, finish }: Draft): object[] {
  if (tool === null) return text === "" ? [] : [{ text }];
  // Arguments that were cut off are no call.
  if (finish === "length") return [];
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch {
    args = {};
  }
  return [{ functionCall: { name: tool, args } }];
}

function candidatesOf(request: Fields, draft: Draft): object[] {
  if (draft.finish === "content_filter")
    return [
      {
        finishReason: "SAFETY",
        index: 0,
        safetyRatings: [{ category: "HARM_CATEGORY_DANGEROUS_CONTENT", probability: "HIGH", blocked: true }],
      },
    ];
  const config = isObject(request["generationConfig"]) ? request["generationConfig"] : {};
  const thinking = isObject(config["thinkingConfig"]) ? config["thinkingConfig"] : {};
  const thought =
    thinking["includeThoughts"] === true && draft.usage.reasoningTokens > 0
      ? [{ text: "Let me think about this.", thought: true }]
      : [];
  const copies = typeof config["candidateCount"] === "number" ? config["candidateCount"] : 1;
  const finishReason = draft.finish === "refusal" ? "SAFETY" : FINISH[draft.finish];
  return Array.from({ length: copies }, (_none, index) => ({
    content: { parts: [...thought, ...partsOf(draft)], role: "model" },
    finishReason,
    index,
  }));
}

/**
 * A `GenerateContentResponse`: https://ai.google.dev/api/generate-content. A refusal is a prompt that was blocked, and
 * has no candidates; an answer that was filtered has one, without content. Zeros are left out, as Google's JSON does.
 */
export function generateContentResponse(request: Fields, model: string, draft: Draft, id: string): object {
  const { usage } = draft;
  const spoken = usage.outputTokens - usage.reasoningTokens;
  const blocked = draft.finish === "refusal";
  return {
    ...(blocked
      ? { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }
      : { candidates: candidatesOf(request, draft) }),
    usageMetadata: {
      promptTokenCount: usage.inputTokens,
      ...(usage.cachedTokens > 0 ? { cachedContentTokenCount: usage.cachedTokens } : {}),
      ...(spoken > 0 ? { candidatesTokenCount: spoken } : {}),
      ...(usage.reasoningTokens > 0 ? { thoughtsTokenCount: usage.reasoningTokens } : {}),
      totalTokenCount: usage.inputTokens + usage.outputTokens,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.inputTokens }],
    },
    modelVersion: model,
    responseId: id.slice(0, 22),
  };
}
