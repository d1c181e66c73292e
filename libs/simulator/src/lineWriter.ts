import { open } from "node:fs/promises";
import { lineBytes } from "./lineBytes.ts";

const FLUSH_CHARACTERS = 256 * 1024;

/** How the lines of a file are laid out. */
export interface LineLayout {
  readonly end: "\n" | "\r\n";
  readonly byteOrderMark: boolean;
  readonly lastLineEnded: boolean;
  /** Mixes lines that lie within some hundreds of each other, by these numbers; null keeps the order. */
  readonly shuffle: (() => number) | null;
}

/** Writes a file line by line, in bounded memory. */
export interface LineWriter {
  /** Adds a line without its end; what is no text in it is written as `loneByte` has it. */
  add(line: string): void;
  /** Writes out what has gathered, if it is much. To be awaited now and then between lines. */
  settle(): Promise<void>;
  readonly lines: number;
  /** Writes the rest, to disk, and gives the file's size. */
  finish(): Promise<number>;
  /** Gives up; the file stays as it is. */
  abandon(): Promise<void>;
}

const SHUFFLED = 512;

/** Opens a file for lines, emptying it if it is there. */
export async function openLineWriter(path: string, layout: LineLayout): Promise<LineWriter> {
  const file = await open(path, "w");
  const held: string[] = [];
  let text = layout.byteOrderMark ? "\uFEFF" : "";
  let lines = 0;
  let bytes = 0;
  let begun = false;
  const put = (line: string) => {
    text += begun ? layout.end + line : line;
    begun = true;
  };
  const release = (next: () => number) => {
    const index = Math.floor(next() * held.length);
    const line = held[index] ?? "";
    held[index] = held.at(-1) ?? "";
    held.pop();
    put(line);
  };
  async function write(): Promise<void> {
    const buffer = lineBytes(text);
    text = "";
    bytes += buffer.length;
    await file.writeFile(buffer);
  }
  return {
    get lines() {
      return lines;
    },
    add(line) {
      lines += 1;
      if (!layout.shuffle) return put(line);
      held.push(line);
      if (held.length >= SHUFFLED) release(layout.shuffle);
    },
    async settle() {
      if (text.length >= FLUSH_CHARACTERS) await write();
    },
    async finish() {
      while (layout.shuffle && held.length > 0) release(layout.shuffle);
      if (begun && layout.lastLineEnded) text += layout.end;
      await write();
      await file.sync();
      await file.close();
      return bytes;
    },
    abandon: () => file.close(),
  };
}
