import type { z } from "zod";
import { ProviderTrouble } from "@granary/domain";
import { wireFault } from "./wireFault.ts";

/** The body of an answer that says it went well. ProviderTrouble `unavailable` where it cannot be read, such as a proxy's page. */
export async function readAnswer<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  return readJson(await response.text(), schema);
}

/** What is wrong with an answer that is a page. */
export const A_PAGE = "it is a page and no JSON, so look at the account's base URL";

/** The same of an answer's text. */
export function readJson<T>(text: string, schema: z.ZodType<T>): T {
  const json = parseJson(text);
  if (json === undefined && /^\s*</.test(text)) throw unreadable(A_PAGE);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw unreadable(wireFault(parsed.error));
}

/** The trouble of an answer that nobody can read: it proves nothing, and the call may be repeated. */
export function unreadable(why: string): ProviderTrouble {
  return new ProviderTrouble("unavailable", "unreadable", `the answer cannot be read: ${why}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
