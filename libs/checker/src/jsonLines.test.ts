import { expect, test } from "vitest";
import { jsonLines, parseLine } from "./jsonLines.ts";

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  // One piece of memory for all chunks, as a reader may do it.
  const memory = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(memory, 0, at, at + size);
    yield memory.subarray(0, length);
  }
}

async function linesOf(text: string | Buffer, size: number) {
  const lines = [];
  for await (const batch of jsonLines(chunks(Buffer.from(text), size))) lines.push(...batch);
  return lines;
}

test.for([1, 2, 3, 7, 100])("lines are found whatever the chunks, here of %i bytes", async (size) => {
  const lines = await linesOf('{"a":1}\n\n{"ü":"→"}\r\nlast', size);
  expect(lines).toEqual([
    { text: '{"a":1}', offset: 0, length: 7 },
    { text: '{"ü":"→"}', offset: 9, length: 12 },
    { text: "last", offset: 23, length: 4 },
  ]);
  expect(lines.map(parseLine)).toEqual([{ a: 1 }, { ü: "→" }, undefined]);
});

test("a byte order mark is no part of the text, and what is no UTF-8 has none", async () => {
  expect(await linesOf("\uFEFF1\n", 64)).toEqual([{ text: "1", offset: 0, length: 4 }]);
  const [line] = await linesOf(Buffer.from([0xff, 0xfe, 0x0a]), 64);
  expect(line).toEqual({ text: null, offset: 0, length: 2 });
  expect(line && parseLine(line)).toBeUndefined();
});
