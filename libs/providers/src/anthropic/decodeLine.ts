import { z } from "zod";
import type { DecodedLine } from "@granary/domain";
import { wireFault } from "../wireFault.ts";
import { answerOf } from "./answerOf.ts";
import { errorEnd } from "./errorEnd.ts";

const problem = z.object({
  type: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
});

/** Only what is read. Source: https://platform.claude.com/docs/en/api/messages/batches/results */
const resultLine = z.object({
  custom_id: z.string().min(1),
  result: z.object({
    type: z.string(),
    message: z.unknown().optional(),
    error: problem
      .extend({ error: problem.nullish().catch(null) })
      .nullish()
      .catch(null),
  }),
});

const CUSTOM_ID = /"custom_id"\s*:\s*"([^"\\]{1,64})"/;
const BYTE_ORDER_MARK = "\uFEFF";

/** What a line of a batch's results says. Never throws: a line that cannot be read is `unparseable`. */
export function decodeLine(text: string): DecodedLine {
  let json: unknown;
  try {
    json = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (error) {
    // A torn line often still tells whose it was.
    return unparseable(CUSTOM_ID.exec(text)?.[1] ?? null, `is no JSON: ${(error as Error).message}`);
  }
  const parsed = resultLine.safeParse(json);
  if (!parsed.success) return unparseable(customIdOf(json), wireFault(parsed.error));
  const { custom_id: customId, result } = parsed.data;
  switch (result.type) {
    case "succeeded": {
      const answer = answerOf(result.message);
      return typeof answer === "string" ? unparseable(customId, answer) : { ...answer, customId };
    }
    case "errored": {
      // The error stands in an envelope, as it does in an answer over HTTP.
      const { type, message } = result.error?.error ?? result.error ?? {};
      const code = type || "error";
      return { type: "error", customId, ends: errorEnd(code), code, message: message || code, usage: null };
    }
    case "expired":
      return ended(customId, "expired", "the request was not sent to the model before the batch expired");
    case "canceled":
      return ended(customId, "cancelled", "the batch was cancelled before the request was sent to the model");
    default:
      return unparseable(customId, `has a result of an unknown type: ${result.type}`);
  }
}

function ended(customId: string, ends: "expired" | "cancelled", message: string): DecodedLine {
  return { type: "error", customId, ends, code: ends, message, usage: null };
}

function unparseable(customId: string | null, message: string): DecodedLine {
  return { type: "unparseable", customId, message: message.slice(0, 500) };
}

function customIdOf(json: unknown): string | null {
  if (typeof json !== "object" || json === null || !("custom_id" in json)) return null;
  return typeof json.custom_id === "string" && json.custom_id !== "" ? json.custom_id : null;
}
