import type { DestinationStream, Logger } from "pino";
import { destination as openDestination, pino, stdTimeFunctions } from "pino";
import type { LogLevel } from "./config/granaryConfig.ts";
import type { Secret } from "./config/secret.ts";
import { REDACTED } from "./config/secret.ts";
import { currentLogFields } from "./logFields.ts";

/** What a logger is made from. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** Where lines go; the standard error where it is left out, since the standard output belongs to results. */
  readonly destination?: DestinationStream;
  /** Keys in use: they are taken out wherever they appear, also those without a known form. A function is asked at each line. */
  readonly secrets?: readonly Secret[] | (() => readonly Secret[]);
  /** Fields of every line, such as the service. */
  readonly base?: Readonly<Record<string, unknown>>;
}

/** Fields that hold keys, and fields that hold what people wrote to a model or it wrote back. Compared without case, `_` and `-`. */
const HIDDEN = new Set(
  (
    "apikey xapikey authorization proxyauthorization cookie setcookie password secret token " +
    "prompt prompts messages system body content input output items"
  ).split(" "),
);

/** Keys of the providers, wherever they stand; `task-…` is none. */
const KEY_FORMS = /(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{8,}|AIza[A-Za-z0-9_-]{30,})|\bBearer\s+[^\s"\\]+/g;

/**
 * A logger of JSON lines, without keys and prompts: each line is looked through as it is written, so nothing depends
 * on who logged it, how deep in an object or an error it lies, or what a library put there.
 */
export function openLogger({ level, destination, secrets = [], base = {} }: LoggerOptions): Logger {
  const literal = (): readonly string[] =>
    (typeof secrets === "function" ? secrets() : secrets)
      .map((secret) => secret.reveal())
      .filter((value) => value.length > 0);
  return pino(
    {
      level,
      base,
      // The line's own fields win over those of the work it is logged in.
      mixin: currentLogFields,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => redactedLine(line, literal()) },
    },
    // Synchronous: the last lines before an end are those one wants.
    destination ?? openDestination({ dest: 2, sync: true }),
  );
}

function redactedLine(line: string, literal: readonly string[]): string {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return `${JSON.stringify({ level: "error", msg: "a line of the log could not be read" })}\n`;
  }
  return `${JSON.stringify(redactedValue(fields, literal))}\n`;
}

function redactedValue(value: unknown, literal: readonly string[]): unknown {
  if (typeof value === "string") return redactedText(value, literal);
  if (Array.isArray(value)) return value.map((entry) => redactedValue(entry, literal));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, entry]) => [
    redactedText(name, literal),
    isHidden(name, entry) ? REDACTED : redactedValue(entry, literal),
  ]);
  return Object.fromEntries(entries);
}

/** Numbers and flags stay: `items: 3` is a count. */
function isHidden(name: string, entry: unknown): boolean {
  const holdsText = typeof entry === "string" || (typeof entry === "object" && entry !== null);
  return holdsText && HIDDEN.has(name.toLowerCase().replaceAll(/[_-]/g, ""));
}

function redactedText(text: string, literal: readonly string[]): string {
  let clean = text;
  for (const value of literal) clean = clean.replaceAll(value, REDACTED);
  return clean.replaceAll(KEY_FORMS, REDACTED);
}
