/** How values are written in the environment and in the configuration file. */
import { duration, durationMs } from "@granary/domain";
import { z } from "zod";

export const MODES = ["live", "simulated"] as const;

export const mode = z.enum(MODES, "live or simulated");

/** What becomes of an account's files at the provider. */
export const filePolicy = z.enum(["keep", "remove", "expire"], "keep, remove or expire");

export const profile = z.enum(["usual", "fast"], "usual or fast");

const LONGEST_MS = durationMs("3650d");

/** Milliseconds of a duration such as `30s`; more than nothing, and no more than a clock can be moved on by. */
export const durationValue = duration
  .transform(durationMs)
  .refine((ms) => ms > 0, "a duration longer than nothing")
  .refine((ms) => ms <= LONGEST_MS, "a duration of at most 3650d");

/** A whole number from 1, written in digits. */
export const countText = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, "a whole number from 1")
  .transform(Number);

/** A whole number from 1. */
export const countValue = z.int("a whole number from 1").min(1, "a whole number from 1");

/** A base URL without a slash at its end. The messages never repeat it, as it may hold credentials. */
export const baseUrl = z.string().transform((text, context) => {
  const fault = baseUrlFault(text);
  if (fault === null) return text.replace(/\/+$/, "");
  context.addIssue({ code: "custom", message: fault });
  return z.NEVER;
});

function baseUrlFault(text: string): string | null {
  const url = URL.parse(text);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return "not an http or https URL";
  if (url.username !== "" || url.password !== "")
    return "a URL must not hold credentials: name the key by itself";
  if (url.search !== "" || url.hash !== "") return "a base URL has no query and no fragment";
  return null;
}

/** What may stand in an HTTP header as it is. */
export const headerText = z
  .string()
  .regex(
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/,
    "printable ASCII characters only, without spaces around them",
  );

/** A provider's key. The message never repeats it. */
export const keyText = z.string().regex(/^[\x21-\x7e]+$/, "a key is one word of printable ASCII characters");

/** A password or token. The message never repeats it. */
export const secretText = z.string().regex(/^[\x20-\x7e]+$/, "printable ASCII characters on one line");

/** A port to listen on; 0 takes any that is free. */
export const portText = z
  .string()
  .regex(/^\d{1,5}$/, "a port from 0 to 65535")
  .transform(Number)
  .refine((port) => port <= 65_535, "a port from 0 to 65535");

/** The name or address of a network interface. */
export const hostText = z.string().regex(/^[A-Za-z0-9.:-]+$/, "the name or address to listen at");

/** A part of a URL without its percent-encoding; as it is where that is broken. */
export function decodedText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
