import { z } from "zod";
import { NO_USAGE, TOO_DEEP, type DecodedLine } from "@granary/domain";
import { callsText } from "../callsText.ts";
import { wireFault } from "../wireFault.ts";
import { messageUsage } from "./usageOf.ts";

type Finish = Extract<DecodedLine, { type: "answer" }>["finish"];
type Answer = Omit<Extract<DecodedLine, { type: "answer" }>, "customId">;

/** Only what is read. Source: https://platform.claude.com/docs/en/api/messages/create */
const message = z.object({
  model: z.string().nullish().catch(null),
  stop_reason: z.string().nullish(),
  stop_details: z.object({ explanation: z.string().nullish() }).nullish().catch(null),
  content: z.array(z.object({ type: z.string(), text: z.string().nullish().catch(null) })),
  usage: messageUsage,
});

/** Source: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons. All that is not here is `other`. */
const FINISHES: Readonly<Record<string, Finish>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "refusal",
};

/** The answer in a message, or what is wrong with it. Thinking is no part of the text. */
export function answerOf(body: unknown): Answer | string {
  const parsed = message.safeParse(body);
  if (!parsed.success) return `result.message.${wireFault(parsed.error)}`;
  const { model, stop_reason: reason, stop_details: details, content, usage } = parsed.data;
  const told = Object.hasOwn(FINISHES, reason ?? "") ? (FINISHES[reason ?? ""] ?? "other") : "other";
  const common = { type: "answer", finish: told, model: model ?? null, usage: usage ?? NO_USAGE } as const;
  const texts = content.flatMap(({ type, text }) => (type === "text" ? [text ?? ""] : []));
  const text = texts.length > 0 ? texts.join("") : null;
  if (told === "refusal") return { ...common, text: text ?? details?.explanation ?? null };
  if (told !== "tool_calls") return { ...common, text };
  // Calls are handed on as they came, not as the schema reads them.
  const raw = (body as { content: unknown[] }).content;
  const made = callsText(raw.filter((_block, at) => content[at]?.type === "tool_use"));
  return made === null ? `result.message.content: ${TOO_DEEP}` : { ...common, text: made };
}
