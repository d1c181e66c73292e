import { BrokenTransfer } from "@granary/domain";
import { isHtml } from "./isHtml.ts";
import { unreadable } from "./readAnswer.ts";
import type { Redactor } from "./redactor.ts";

interface Reading {
  readonly idleMs: number;
  readonly signal: AbortSignal;
  readonly redact: Redactor;
}

/**
 * The file in a response, and how many bytes it announces. A page of a proxy is none, and would be kept as one: every
 * line of it would count as spoilt. @throws ProviderTrouble
 */
export async function openedFile(
  response: Response,
  reading: Reading,
): Promise<{ readonly bytes: AsyncIterable<Uint8Array>; readonly length: number | null }> {
  if (isHtml(response.headers)) {
    await response.body?.cancel();
    throw unreadable("a page of HTML came in place of the file");
  }
  const length = announcedLength(response.headers);
  return { bytes: fileBody(response, { ...reading, length }), length };
}

/**
 * The bytes of a file's response, as they arrive. Throws BrokenTransfer where fewer or more bytes come than were
 * announced, where the connection breaks, or where nothing comes for `idleMs`; the reason of `signal` where it
 * aborts. Whoever stops reading early closes the connection.
 */
async function* fileBody(
  response: Response,
  { length, idleMs, signal, redact }: Reading & { readonly length: number | null },
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
function announcedLength(headers: Headers): number | null {
  const length = headers.get("content-length");
  const encoding = headers.get("content-encoding");
  if (length === null || (encoding !== null && encoding !== "identity")) return null;
  return /^\d+$/.test(length) ? Number(length) : null;
}
