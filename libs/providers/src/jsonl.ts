import { isUtf8 } from "node:buffer";

/** One line of a JSONL file, and where its bytes lie. */
export interface Line {
  /** The line without its end and without a byte order mark; null where `problem` says why not. */
  readonly text: string | null;
  /** First byte of the line in the file. */
  readonly offset: number;
  /** Bytes of the line, its end (`\n` or `\r\n`) not counted. */
  readonly length: number;
  readonly problem?: "too_long" | "invalid_utf8";
  /** False only for a last line that no newline follows. */
  readonly terminated: boolean;
}

/** A line longer than this is not held in memory. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Cuts bytes into lines, whatever the sizes of the chunks. Yields the lines of one chunk together, because an
 * await for each line would cost more than the line. Empty lines are lines too; nothing follows a last newline.
 * One bad line harms no other. Holds one chunk and one unfinished line of at most `maxLineBytes`.
 */
export async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
  { maxLineBytes = MAX_LINE_BYTES }: { readonly maxLineBytes?: number } = {},
): AsyncGenerator<readonly Line[]> {
  const open = unfinishedLine(maxLineBytes);
  let position = 0;
  for await (const piece of bytes) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      const part = chunk.subarray(from, end);
      lines.push(
        open.size() > 0 ? open.finish(part, true) : toLine(part, position + from, maxLineBytes, true),
      );
      from = end + 1;
    }
    if (from < chunk.length) open.add(chunk.subarray(from), position + from);
    position += chunk.length;
    if (lines.length > 0) yield lines;
  }
  if (open.size() > 0) yield [open.finish(Buffer.alloc(0), false)];
}

/** Collects the parts of a line that chunks tore apart. */
function unfinishedLine(maxLineBytes: number) {
  let offset = 0;
  let size = 0;
  let last = 0;
  let parts: Buffer[] = [];

  function add(part: Buffer, startsAt: number): void {
    if (size === 0) offset = startsAt;
    if (part.length === 0) return;
    size += part.length;
    last = part[part.length - 1] ?? 0;
    // One byte more than allowed may still be the return of a line end.
    if (size > maxLineBytes + 1) parts = [];
    // The chunk's memory may be used again by whoever reads: a part that outlives it is copied.
    else parts.push(Buffer.from(part));
  }

  return {
    add,
    size: () => size,
    finish(part: Buffer, terminated: boolean): Line {
      add(part, offset);
      const line: Line =
        size > maxLineBytes + 1
          ? {
              text: null,
              offset,
              length: terminated && last === RETURN ? size - 1 : size,
              problem: "too_long",
              terminated,
            }
          : toLine(Buffer.concat(parts), offset, maxLineBytes, terminated);
      size = 0;
      parts = [];
      return line;
    },
  };
}

function toLine(bytes: Buffer, offset: number, maxLineBytes: number, terminated: boolean): Line {
  const hasReturn = terminated && bytes.length > 0 && bytes[bytes.length - 1] === RETURN;
  const content = hasReturn ? bytes.subarray(0, -1) : bytes;
  const length = content.length;
  if (length > maxLineBytes) return { text: null, offset, length, problem: "too_long", terminated };
  if (!isUtf8(content)) return { text: null, offset, length, problem: "invalid_utf8", terminated };
  const text = content.toString("utf8");
  return { text: text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, offset, length, terminated };
}
