import { isUtf8 } from "node:buffer";

/** A line of a file, and where its bytes lie. */
export interface JsonLine {
  /** Null where it is no UTF-8, or too long to be held. */
  readonly text: string | null;
  readonly offset: number;
  /** Without the line's end. */
  readonly length: number;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** The longest line that counts as one; of longer ones only the length is known. */
const LONGEST = 64 * 1024 * 1024;

/** The lines of a file that are not empty, those of a chunk together. Holds a chunk and one unfinished line. */
export async function* jsonLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly JsonLine[]> {
  let parts: Buffer[] = [];
  let held = 0;
  let last = 0;
  let offset = 0;

  function take(part: Buffer): void {
    held += part.length;
    last = part.at(-1) ?? last;
    if (held > LONGEST + 1) parts = [];
    else parts.push(part);
  }

  function finish(terminated: boolean): JsonLine {
    const length = terminated && held > 0 && last === RETURN ? held - 1 : held;
    const line = { text: length > LONGEST ? null : textOf(parts, length), offset, length };
    offset += held + (terminated ? 1 : 0);
    parts = [];
    held = 0;
    return line;
  }

  for await (const piece of bytes) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const lines: JsonLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, end));
      const line = finish(true);
      if (line.length > 0) lines.push(line);
      from = end + 1;
    }
    // A part that outlives its chunk is copied: the reader may use the memory again.
    if (from < chunk.length) take(Buffer.from(chunk.subarray(from)));
    if (lines.length > 0) yield lines;
  }
  if (held > 0) yield [finish(false)];
}

function textOf(parts: readonly Buffer[], length: number): string | null {
  const [first] = parts;
  const whole = parts.length === 1 && first ? first : Buffer.concat(parts);
  const content = whole.subarray(0, length);
  return isUtf8(content) ? content.toString("utf8").replace(/^\uFEFF/, "") : null;
}

/** The value of a line; undefined where it cannot be read. */
export function parseLine({ text }: JsonLine): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
