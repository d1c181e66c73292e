import { z } from "zod";
import type { DecodedLine } from "@granary/domain";
import { answerOf } from "./answerOf.ts";
import { errorEnd } from "./errorEnd.ts";
import { wireFault } from "../wireFault.ts";

/** Only what is read. Source: https://developers.openai.com/api/docs/guides/batch#5-retrieve-the-results */
const resultLine = z.object({
  custom_id: z.string().min(1),
  response: z.object({ status_code: z.number(), body: z.unknown().optional() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
});

const errorBody = z.object({
  error: z.object({
    code: z.union([z.string(), z.number()]).nullish().catch(null),
    type: z.string().nullish().catch(null),
    message: z.string().nullish().catch(null),
  }),
});

const CUSTOM_ID = /"custom_id"\s*:\s*"([^"\\]{1,64})"/;
const BYTE_ORDER_MARK = "\uFEFF";

/** What a line of a result or error file says. Never throws: a line that cannot be read is `unparseable`. */
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
  const { custom_id: customId, response, error } = parsed.data;
  if (error) {
    const code = error.code ?? "error";
    return {
      type: "error",
      customId,
      ends: errorEnd(code, null),
      code,
      message: error.message ?? code,
      usage: null,
    };
  }
  if (!response) return unparseable(customId, "has neither a response nor an error");
  const { status_code: status, body } = response;
  if (status < 200 || status > 299) return refusedLine(customId, status, body);
  const answer = answerOf(body);
  return typeof answer === "string" ? unparseable(customId, answer) : { ...answer, customId };
}

function refusedLine(customId: string, status: number, body: unknown): DecodedLine {
  const told = errorBody.safeParse(body);
  const { code, type, message } = told.success ? told.data.error : {};
  const name = String(code ?? type ?? status);
  return {
    type: "error",
    customId,
    ends: errorEnd(name, status),
    code: name,
    message: message ?? `HTTP ${status}`,
    usage: null,
  };
}

function unparseable(customId: string | null, message: string): DecodedLine {
  return { type: "unparseable", customId, message: message.slice(0, 500) };
}

function customIdOf(json: unknown): string | null {
  if (typeof json !== "object" || json === null || !("custom_id" in json)) return null;
  return typeof json.custom_id === "string" && json.custom_id !== "" ? json.custom_id : null;
}
