import { z } from "zod";
import type { DecodedLine } from "@granary/domain";
import { wireFault } from "../wireFault.ts";
import { answerOf } from "./answerOf.ts";
import { errorEnd } from "./errorEnd.ts";
import { rpcName } from "./rpcCodes.ts";

const key = z.string().min(1);

/** Only what is read. The key stands beside the answer in files, in its metadata inline. Source: https://ai.google.dev/gemini-api/docs/batch-api */
const resultLine = z.object({
  key: key.nullish(),
  metadata: z.object({ key: key.nullish() }).nullish().catch(null),
  response: z.unknown().optional(),
  error: z
    .object({
      code: z.union([z.number(), z.string()]).nullish().catch(null),
      status: z.string().nullish().catch(null),
      message: z.string().nullish().catch(null),
    })
    .nullish(),
});

const KEY = /"key"\s*:\s*"([^"\\]{1,64})"/;
const BYTE_ORDER_MARK = "\uFEFF";

/** What a line of a result file says. Never throws: a line that cannot be read is `unparseable`. */
export function decodeLine(text: string): DecodedLine {
  let json: unknown;
  try {
    json = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (error) {
    // A torn line often still tells whose it was.
    return unparseable(KEY.exec(text)?.[1] ?? null, `is no JSON: ${(error as Error).message}`);
  }
  const parsed = resultLine.safeParse(json);
  if (!parsed.success) return unparseable(keyOf(json), wireFault(parsed.error));
  const { key: own, metadata, response, error } = parsed.data;
  const customId = own ?? metadata?.key;
  if (!customId) return unparseable(null, "has no key");
  if (error) {
    const code = rpcName(error.code) ?? error.status ?? "error";
    const message = error.message || code;
    return { type: "error", customId, ends: errorEnd(code, message), code, message, usage: null };
  }
  if (response == null) return unparseable(customId, "has neither a response nor an error");
  const answer = answerOf(response);
  return typeof answer === "string" ? unparseable(customId, answer) : { ...answer, customId };
}

function unparseable(customId: string | null, message: string): DecodedLine {
  return { type: "unparseable", customId, message: message.slice(0, 500) };
}

function keyOf(json: unknown): string | null {
  if (typeof json !== "object" || json === null || !("key" in json)) return null;
  return typeof json.key === "string" && json.key !== "" ? json.key : null;
}
