import { z } from "zod";
import { NO_USAGE, TOO_DEEP, type DecodedLine } from "@granary/domain";
import { callsText } from "../callsText.ts";
import { errorEnd } from "./errorEnd.ts";
import { chatUsage, responsesUsage } from "./usageOf.ts";
import { wireFault } from "../wireFault.ts";

type Finish = Extract<DecodedLine, { type: "answer" }>["finish"];
type Named<Line> = Line extends unknown ? Omit<Line, "customId"> : never;
type Answer = Named<Extract<DecodedLine, { type: "answer" | "error" }>>;

/** Only what is read. Source: https://developers.openai.com/api/reference/resources/chat */
const chat = z.object({
  model: z.string().nullish().catch(null),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z.array(z.unknown()).nullish(),
          function_call: z.unknown().optional(),
        }),
      }),
    )
    .min(1),
  usage: chatUsage,
});

/** Only what is read. Source: https://developers.openai.com/api/reference/resources/responses */
const responses = z.object({
  model: z.string().nullish().catch(null),
  status: z.string().nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  output: z.array(
    z.object({
      type: z.string(),
      content: z
        .array(z.object({ type: z.string(), text: z.string().nullish(), refusal: z.string().nullish() }))
        .nullish()
        .catch(null),
    }),
  ),
  usage: responsesUsage,
});

/** The answer in a body of either endpoint, or what is wrong with the body. */
export function answerOf(body: unknown): Answer | string {
  if (typeof body !== "object" || body === null) return "response.body is no object";
  if ("choices" in body) {
    const parsed = chat.safeParse(body);
    return parsed.success ? chatAnswer(parsed.data) : `response.body.${wireFault(parsed.error)}`;
  }
  const parsed = responses.safeParse(body);
  return parsed.success
    ? responsesAnswer(parsed.data, (body as { output: unknown[] }).output)
    : `response.body.${wireFault(parsed.error)}`;
}

const CHAT_FINISH: Readonly<Record<string, Finish>> = {
  stop: "stop",
  length: "length",
  content_filter: "content_filter",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  // Some compatible endpoints name the token that ended the answer.
  eos: "stop",
};

function chatAnswer({ model, choices, usage }: z.infer<typeof chat>): Answer | string {
  const choice = choices[0];
  if (!choice) return "response.body.choices: none";
  const { content, refusal, tool_calls: calls, function_call: call } = choice.message;
  const reason = choice.finish_reason ?? "";
  const told = Object.hasOwn(CHAT_FINISH, reason) ? (CHAT_FINISH[reason] ?? "other") : "other";
  const made = calls && calls.length > 0 ? calls : call ? [call] : null;
  const common = { type: "answer", model: model ?? null, usage: usage ?? NO_USAGE } as const;
  if (refusal) return { ...common, finish: "refusal", text: refusal };
  // A forced call ends with `stop`; the answer is the call all the same.
  if (made && (told === "stop" || told === "tool_calls")) {
    const text = callsText(made);
    return text === null ? `response.body.choices: ${TOO_DEEP}` : { ...common, finish: "tool_calls", text };
  }
  return { ...common, finish: told, text: content ?? null };
}

const CALLS: ReadonlySet<string> = new Set(["function_call", "custom_tool_call", "mcp_call"]);

function responsesAnswer(body: z.infer<typeof responses>, raw: readonly unknown[]): Answer | string {
  const { model, status, incomplete_details: incomplete, error, output } = body;
  if (error || status === "failed" || status === "cancelled") {
    const code = error?.code ?? status ?? "error";
    const ends = status === "cancelled" ? "cancelled" : errorEnd(code, null);
    return { type: "error", ends, code, message: error?.message ?? code, usage: body.usage };
  }
  const parts = output.flatMap(({ content }) => content ?? []);
  const texts = parts.flatMap((part) => (part.type === "output_text" ? [part.text ?? ""] : []));
  const refusals = parts.flatMap((part) => (part.type === "refusal" ? [part.refusal ?? ""] : []));
  // Calls are handed on as they came, not as the schema reads them.
  const calls = raw.filter((_item, at) => CALLS.has(output[at]?.type ?? ""));
  const common = { type: "answer", model: model ?? null, usage: body.usage ?? NO_USAGE } as const;
  const text = texts.length > 0 ? texts.join("") : null;
  const made = calls.length > 0 ? callsText(calls) : "";
  if (made === null) return `response.body.output: ${TOO_DEEP}`;
  if (status === "incomplete") return { ...common, finish: incompleteFinish(incomplete?.reason), text };
  if (refusals.length > 0) return { ...common, finish: "refusal", text: refusals.join("") };
  if (made) return { ...common, finish: "tool_calls", text: made };
  return { ...common, finish: status === "completed" || status == null ? "stop" : "other", text };
}

function incompleteFinish(reason: string | null | undefined): Finish {
  if (reason === "max_output_tokens") return "length";
  return reason === "content_filter" ? "content_filter" : "other";
}
