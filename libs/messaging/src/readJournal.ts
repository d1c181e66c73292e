import { createReadStream } from "node:fs";
import type { Fact } from "@granary/domain";

const LINE_END = 0x0a;

/**
 * The facts in a journal, in the order they were written, in bounded memory. A fact may come twice: it was published
 * again after a crash. A line that is no fact was torn before anyone was told that it is durable; `onTorn` hears its
 * number (from 1). No file, no facts.
 */
export async function* readJournal(path: string, onTorn?: (line: number) => void): AsyncGenerator<Fact> {
  let number = 0;
  for await (const line of linesOf(path)) {
    number += 1;
    if (line.length === 0) continue;
    const fact = parseFact(line);
    if (fact) yield fact;
    else onTorn?.(number);
  }
}

function parseFact(line: string): Fact | null {
  try {
    const fact = JSON.parse(line) as Partial<Fact> | null;
    return fact?.specversion === "1.0" && typeof fact.id === "string" && typeof fact.type === "string"
      ? (fact as Fact)
      : null;
  } catch {
    return null;
  }
}

/** Node's own line reader also splits at U+2028, which JSON may hold as it is. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString("utf8");
        rest = [];
        from = end + 1;
      }
      if (from < chunk.byteLength) rest.push(chunk.subarray(from));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString("utf8");
}
