import { BrokenTransfer } from "@granary/domain";
import type { Redactor } from "./redactor.ts";

/**
 * The bytes of a file's response, as they arrive. Throws BrokenTransfer where fewer or more bytes come than were
 * announced, where the connection breaks, or where nothing comes for `idleMs`; the reason of `signal` where it
 * aborts. Whoever stops reading early closes the connection.
 */
export async function* fileBody(
  response: Response,
  {
    length,
    idleMs,
    signal,
    redact,
  }: {
    readonly length: number | null;
    readonly idleMs: number;
    readonly signal: AbortSignal;
    readonly redact: Redactor;
  },
): AsyncGenerator<Uint8Array> {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  let received = 0;
  try {
    for (;;) {
      const piece = await readOrStall(reader, idleMs).catch((error: unknown) => {
        signal.throwIfAborted();
        if (error instanceof BrokenTransfer) throw error;
        const cause = redact.error(error);
        throw new BrokenTransfer(`the transfer broke after ${received} bytes: ${cause.message}`, { cause });
      });
      if (piece.done) break;
      received += piece.value.byteLength;
      yield piece.value;
    }
  } finally {
    // Without this, a body that nobody reads would hold its connection.
    await reader.cancel().catch(() => {});
  }
  if (length !== null && received !== length)
    throw new BrokenTransfer(`${received} bytes arrived, ${length} were announced`);
}

async function readOrStall(reader: ReadableStreamDefaultReader<Uint8Array>, idleMs: number) {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new BrokenTransfer(`nothing arrived for ${idleMs} ms`)), idleMs);
  });
  try {
    return await Promise.race([reader.read(), stalled]);
  } finally {
    clearTimeout(timer);
  }
}

/** How many bytes a response announces; null where it does not say, or counts them before they are unpacked. */
export function announcedLength(headers: Headers): number | null {
  const length = headers.get("content-length");
  const encoding = headers.get("content-encoding");
  if (length === null || (encoding !== null && encoding !== "identity")) return null;
  return /^\d+$/.test(length) ? Number(length) : null;
}
