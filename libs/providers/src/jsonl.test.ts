import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readLines, type Line } from "./jsonl.ts";

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  // One buffer for all chunks, as some sources do: whoever keeps a view of it reads the wrong bytes.
  const shared = Buffer.alloc(Math.max(1, ...sizes));
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    const length = bytes.copy(shared, 0, at, at + size);
    at += length;
    yield shared.subarray(0, length);
  }
}

async function linesOf(
  bytes: Buffer,
  sizes: readonly number[] = [7],
  maxLineBytes?: number,
): Promise<Line[]> {
  const lines: Line[] = [];
  const options = maxLineBytes === undefined ? {} : { maxLineBytes };
  for await (const batch of readLines(chunksOf(bytes, sizes), options)) lines.push(...batch);
  return lines;
}

const textsOf = async (text: string) => (await linesOf(Buffer.from(text))).map((line) => line.text);

test("nothing has no lines, and a last newline begins none", async () => {
  expect(await textsOf("")).toEqual([]);
  expect(await textsOf("a\n")).toEqual(["a"]);
  expect(await textsOf("a\n\nb\n")).toEqual(["a", "", "b"]);
});

test("a last line without a newline is told apart", async () => {
  expect(await linesOf(Buffer.from("a\nb"))).toEqual([
    { text: "a", offset: 0, length: 1, terminated: true },
    { text: "b", offset: 2, length: 1, terminated: false },
  ]);
});

test("a carriage return before a newline belongs to the line's end", async () => {
  expect(await linesOf(Buffer.from("a\r\nb\rc\r\n\r\n"), [1])).toEqual([
    { text: "a", offset: 0, length: 1, terminated: true },
    { text: "b\rc", offset: 3, length: 3, terminated: true },
    { text: "", offset: 8, length: 0, terminated: true },
  ]);
});

test("a byte order mark is not part of the text, but of the bytes", async () => {
  expect(await linesOf(Buffer.from("\uFEFFab\nc\n"), [2])).toEqual([
    { text: "ab", offset: 0, length: 5, terminated: true },
    { text: "c", offset: 6, length: 1, terminated: true },
  ]);
});

test("NUL is a character like any other", async () => {
  expect(await textsOf("a\0b\n\0\n")).toEqual(["a\0b", "\0"]);
});

test("a line that is not UTF-8 harms no other", async () => {
  const bytes = Buffer.concat([Buffer.from("a\n"), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from("é\n")]);
  expect(await linesOf(bytes, [3])).toEqual([
    { text: "a", offset: 0, length: 1, terminated: true },
    { text: null, offset: 2, length: 2, problem: "invalid_utf8", terminated: true },
    { text: "é", offset: 5, length: 2, terminated: true },
  ]);
});

test.each([[[1]], [[3]], [[1000]]])(
  "a line over the limit is measured, not kept (chunks of %s)",
  async (sizes) => {
    const bytes = Buffer.from(`ab\n${"x".repeat(50)}\r\nabcde\r\nabcdef\nabcde\n${"y".repeat(9)}`);
    expect(await linesOf(bytes, sizes, 5)).toEqual([
      { text: "ab", offset: 0, length: 2, terminated: true },
      { text: null, offset: 3, length: 50, problem: "too_long", terminated: true },
      { text: "abcde", offset: 55, length: 5, terminated: true },
      { text: null, offset: 62, length: 6, problem: "too_long", terminated: true },
      { text: "abcde", offset: 69, length: 5, terminated: true },
      { text: null, offset: 75, length: 9, problem: "too_long", terminated: false },
    ]);
  },
);

test("any bytes in any chunks give back every line at its place", async () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.constantFrom("\n", "\r\n", "\r", "\n\n", "\0", "\uFEFF").map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), sizes, async (pieces, chunkSizes) => {
      const bytes = Buffer.concat(pieces);
      let end = 0;
      for (const line of await linesOf(bytes, chunkSizes)) {
        expect(line.offset).toBe(end);
        const raw = bytes.subarray(line.offset, line.offset + line.length);
        const text = raw.toString("utf8").replace(/^\uFEFF/, "");
        expect(line.text).toBe(line.problem === "invalid_utf8" ? null : text);
        expect(raw.includes(0x0a)).toBe(false);
        end = line.offset + line.length;
        if (line.terminated && bytes[end] === 0x0d) end += 1;
        expect(bytes[end]).toBe(line.terminated ? 0x0a : undefined);
        if (line.terminated) end += 1;
      }
      expect(end).toBe(bytes.length);
    }),
    { numRuns: 500 },
  );
}, 30_000);
