import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";

const BUFFER_BYTES = 256 * 1024;
const KEPT_BUFFERS = 8;

/** Buffers go round: a new one costs more than writing a small file. */
const idle: Buffer[] = [];

/**
 * Writes a new file and fsyncs it. Small chunks are gathered into large writes; while one buffer is written the next
 * is filled and hashed, so that memory is bounded by two buffers.
 */
export async function writeHashed(
  path: string,
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const file = await open(path, "wx", 0o644);
  const hash = createHash("sha256");
  let current = takeBuffer();
  let other: Buffer | null = null;
  let filled = 0;
  let bytes = 0;
  let writing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    const full = current.subarray(0, filled);
    hash.update(full);
    bytes += filled;
    // Afterwards the other buffer is free again.
    await writing;
    writing = writeAll(file, full);
    // Met by the next await of it; until then a failure is not an unhandled one.
    writing.catch(() => {});
    [current, other] = [other ?? takeBuffer(), current];
    filled = 0;
  }

  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.byteLength;) {
        if (filled === BUFFER_BYTES) await flush();
        const part = chunk.subarray(at, at + BUFFER_BYTES - filled);
        current.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
      }
    }
    if (filled > 0) await flush();
    await writing;
    await file.sync();
    return { sha256: hash.digest("hex"), bytes };
  } finally {
    await writing.catch(() => {});
    await file.close();
    for (const buffer of other ? [current, other] : [current])
      if (idle.length < KEPT_BUFFERS) idle.push(buffer);
  }
}

/** A write to a disk that is nearly full may take only a part. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += (await file.write(bytes, at)).bytesWritten;
}

function takeBuffer(): Buffer {
  return idle.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}
