const CHUNK_CHARACTERS = 64 * 1024;

/** Lines on their way to a provider. */
export interface Sent {
  bytes: number;
  /** Set when nobody waits for them any more: no further line is drawn. */
  isOver: boolean;
  /** The error of the lines' own source, if it broke: it is not the provider's. */
  broke: { readonly error: unknown } | null;
}

/** Nothing was sent yet. */
export function nothingSent(): Sent {
  return { bytes: 0, isOver: false, broke: null };
}

/** What stands around and between the lines. */
export interface Frame {
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** A JSONL file: every line has its end. */
export const JSONL: Frame = { before: "", between: "\n", after: "\n" };

/**
 * Lines as chunks of one body, drawn only as fast as they are taken: at most one chunk is in memory. One chunk
 * holds many lines, because each chunk costs a turn of the socket. Node's fetch reads a body to its end even after
 * the request was aborted, so `isOver` has to stop it: by an error, so that a part never looks like the whole.
 */
export async function* lineChunks(
  lines: AsyncIterable<string>,
  sent: Sent,
  frame: Frame = JSONL,
): AsyncGenerator<Uint8Array> {
  let text = frame.before;
  let isFirst = true;
  const cut = () => {
    const chunk = Buffer.from(text);
    text = "";
    sent.bytes += chunk.byteLength;
    return chunk;
  };
  try {
    for await (const line of lines) {
      if (sent.isOver) throw new Error("nobody waits for these lines any more");
      text += isFirst ? line : `${frame.between}${line}`;
      isFirst = false;
      if (text.length >= CHUNK_CHARACTERS) yield cut();
    }
    if (!isFirst || frame !== JSONL) text += frame.after;
    if (text) yield cut();
  } catch (error) {
    if (!sent.isOver) sent.broke = { error };
    throw error;
  }
}
