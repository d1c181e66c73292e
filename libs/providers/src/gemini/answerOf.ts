import { z } from "zod";
import { NO_USAGE, TOO_DEEP, type DecodedLine } from "@granary/domain";
import { callsText } from "../callsText.ts";
import { wireFault } from "../wireFault.ts";
import { usageMetadata } from "./usageOf.ts";

type Finish = Extract<DecodedLine, { type: "answer" }>["finish"];
type Named<Line> = Line extends unknown ? Omit<Line, "customId"> : never;
type Answer = Named<Extract<DecodedLine, { type: "answer" | "error" }>>;

/** Only what is read. Source: https://ai.google.dev/api/generate-content#GenerateContentResponse */
const generated = z.object({
  candidates: z
    .array(
      z.object({
        content: z
          .object({
            parts: z
              .array(
                z.object({
                  text: z.string().nullish(),
                  thought: z.boolean().nullish().catch(null),
                  functionCall: z.unknown().optional(),
                }),
              )
              .nullish(),
          })
          .nullish(),
        finishReason: z.string().nullish(),
        finishMessage: z.string().nullish().catch(null),
      }),
    )
    .nullish(),
  promptFeedback: z
    .object({ blockReason: z.string().nullish(), blockReasonMessage: z.string().nullish().catch(null) })
    .nullish(),
  usageMetadata,
  modelVersion: z.string().nullish().catch(null),
});

/** Source: https://ai.google.dev/api/generate-content#FinishReason. All that is not here is `other`. */
const FINISHES: Readonly<Record<string, Finish>> = {
  STOP: "stop",
  MAX_TOKENS: "length",
  CONTINUATION: "length",
  SAFETY: "content_filter",
  RECITATION: "content_filter",
  BLOCKLIST: "content_filter",
  PROHIBITED_CONTENT: "content_filter",
  SPII: "content_filter",
  IMAGE_SAFETY: "content_filter",
  IMAGE_PROHIBITED_CONTENT: "content_filter",
  IMAGE_RECITATION: "content_filter",
};

/** The answer in a response, or what is wrong with it. Thoughts are no part of the text. */
export function answerOf(response: unknown): Answer | string {
  const parsed = generated.safeParse(response);
  if (!parsed.success) return `response.${wireFault(parsed.error)}`;
  const { candidates, promptFeedback, usageMetadata: usage, modelVersion } = parsed.data;
  const common = { type: "answer", model: modelVersion ?? null, usage: usage ?? NO_USAGE } as const;
  const blocked = promptFeedback?.blockReason;
  if (blocked)
    return {
      ...common,
      finish: "content_filter",
      text: promptFeedback.blockReasonMessage ?? `the prompt was blocked: ${blocked}`,
    };
  const candidate = candidates?.[0];
  if (!candidate) return failed("no_candidates", "the model gave no candidate", usage);
  const reason = candidate.finishReason ?? "";
  const told = Object.hasOwn(FINISHES, reason) ? (FINISHES[reason] ?? "other") : "other";
  const parts = candidate.content?.parts ?? [];
  const calls = parts.flatMap(({ functionCall }) => (functionCall == null ? [] : [functionCall]));
  const texts = parts.flatMap((part) => (part.thought || part.text == null ? [] : [part.text]));
  const text = texts.length > 0 ? texts.join("") : null;
  if (calls.length > 0 && told === "stop") {
    const made = callsText(calls);
    return made === null
      ? `response.candidates: ${TOO_DEEP}`
      : { ...common, finish: "tool_calls", text: made };
  }
  if (told === "content_filter")
    return { ...common, finish: told, text: text ?? candidate.finishMessage ?? reason };
  // Such as OTHER or MALFORMED_FUNCTION_CALL with nothing in it: that is no answer, and asking again may bring one.
  if (told === "other" && text === null && calls.length === 0)
    return failed(
      reason || "no_answer",
      candidate.finishMessage ?? "the model stopped without an answer",
      usage,
    );
  return { ...common, finish: told, text };
}

function failed(code: string, message: string, usage: Answer["usage"]): Answer {
  return { type: "error", ends: "provider_error", code, message, usage };
}
