import { isShallow, TOO_DEEP } from "@granary/domain";

/** What came inline, as the lines of a file would come. */
export interface InlineFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly length: number;
}

/**
 * Inline answers as a JSONL file in one form: the key first, then the answer with all its fields as they came. An
 * answer without a key keeps its line and gets none, because the order says nothing. One that is nested too deep to be
 * written says so in the place of all else.
 */
export function inlineLines(responses: readonly unknown[]): InlineFile {
  const lines = responses.map((entry) => Buffer.from(`${JSON.stringify(writable(keyed(entry)))}\n`));
  return { bytes: oneByOne(lines), length: lines.reduce((sum, line) => sum + line.byteLength, 0) };
}

function keyed(entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return entry;
  const metadata: unknown = (entry as { metadata?: unknown }).metadata;
  const key: unknown =
    (entry as { key?: unknown }).key ??
    (typeof metadata === "object" && metadata !== null ? (metadata as { key?: unknown }).key : undefined);
  return key === undefined ? entry : { key, ...entry };
}

function writable(entry: unknown): unknown {
  if (isShallow(entry)) return entry;
  const key: unknown = (entry as { key?: unknown }).key;
  return { ...(typeof key === "string" ? { key } : {}), granary: TOO_DEEP };
}

async function* oneByOne(lines: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* lines;
}
