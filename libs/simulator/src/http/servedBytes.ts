import { createReadStream } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { RequestFault } from "../fault.ts";

/** The bytes of a file as a download serves them: as they are, or cut off, stalled or altered by a fault. */
export async function* servedBytes(
  path: string,
  size: number,
  fault: RequestFault | null,
): AsyncGenerator<Buffer> {
  const share = fault?.what === "truncated" || fault?.what === "stalled" ? fault.share : 0.5;
  const turnsAt = Math.min(Math.floor(size * share), Math.max(0, size - 1));
  let at = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    const turn = turnsAt - at;
    at += chunk.length;
    if (!fault || turn < 0 || turn >= chunk.length) {
      yield chunk;
      continue;
    }
    if (fault.what === "truncated") {
      yield chunk.subarray(0, turn);
      if (fault.announced) throw new Error("download truncated by a fault");
      return;
    }
    if (fault.what === "altered") {
      const altered = Buffer.from(chunk);
      altered[turn] = (altered[turn] ?? 0) ^ 1;
      yield altered;
    } else if (fault.what === "stalled") {
      yield chunk.subarray(0, turn);
      await delay(fault.stallMs, undefined, { ref: false });
      yield chunk.subarray(turn);
    } else yield chunk;
  }
}
