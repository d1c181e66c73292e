const CHUNK_CHARACTERS = 64 * 1024;

/** An upload on its way. */
export interface Sent {
  bytes: number;
  /** Set when nobody waits for it any more: no further line is drawn. */
  isOver: boolean;
  /** The error of the lines' own source, if it broke: it is not the provider's. */
  broke: { readonly error: unknown } | null;
}

/**
 * Lines as chunks of a JSONL file, drawn only as fast as they are taken: at most one chunk is in memory. One
 * chunk holds many lines, because each chunk costs a turn of the socket. Node's fetch reads a body to its end
 * even after the request was aborted, so `isOver` has to stop it.
 */
export async function* fileChunks(lines: AsyncIterable<string>, sent: Sent): AsyncGenerator<Uint8Array> {
  let text = "";
  const cut = () => {
    const chunk = Buffer.from(text);
    text = "";
    sent.bytes += chunk.byteLength;
    return chunk;
  };
  try {
    for await (const line of lines) {
      if (sent.isOver) return;
      text += `${line}\n`;
      if (text.length >= CHUNK_CHARACTERS) yield cut();
    }
    if (text) yield cut();
  } catch (error) {
    sent.broke = { error };
    throw error;
  }
}
