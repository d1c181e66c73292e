/** A line without its end. `ended` is false for a last line that has no newline; `cut` where it was longer than the cap. */
export interface RawLine {
  readonly bytes: Buffer;
  readonly ended: boolean;
  readonly cut: boolean;
}

const NEWLINE = 0x0a;

/**
 * Splits bytes into lines, all lines of a chunk at a time so that a line costs no turn of the event loop.
 * Memory is bounded: of a line longer than `capBytes` only the beginning is kept.
 */
export async function* readLineBatches(
  chunks: AsyncIterable<Buffer>,
  capBytes = 64 * 1024 * 1024,
): AsyncGenerator<RawLine[]> {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  let cut = false;
  const hold = (part: Buffer) => {
    const room = capBytes - heldBytes;
    if (part.length > room) cut = true;
    const kept = part.length > room ? part.subarray(0, room) : part;
    if (kept.length > 0) parts.push(kept);
    heldBytes += kept.length;
  };
  const release = (ended: boolean): RawLine => {
    const line = { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), ended, cut };
    parts = [];
    heldBytes = 0;
    cut = false;
    return line;
  };
  for await (const chunk of chunks) {
    const batch: RawLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, at));
      batch.push(release(true));
      from = at + 1;
    }
    if (from < chunk.length) hold(chunk.subarray(from));
    if (batch.length > 0) yield batch;
  }
  if (heldBytes > 0) yield [release(false)];
}
