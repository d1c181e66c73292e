import type { z } from "zod";
import { ProviderTrouble } from "@granary/domain";
import { wireFault } from "./wireFault.ts";

/** The body of an answer that says it went well. ProviderTrouble `unavailable` where it cannot be read, such as a proxy's page. */
export async function readAnswer<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parseJson(await response.text()));
  if (parsed.success) return parsed.data;
  throw new ProviderTrouble(
    "unavailable",
    "unreadable",
    `the answer cannot be read: ${wireFault(parsed.error)}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
