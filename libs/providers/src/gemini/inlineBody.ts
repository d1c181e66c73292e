import { lineChunks, type Sent } from "../lineChunks.ts";

/** Where the SDK leaves room for the requests that travel in a create's body. */
const ROOM = '"requests":[]';

/**
 * The body of a create with its requests in it, streamed: all that the SDK says about the batch, and each line's
 * request as it stands, because the SDK would drop the fields it does not know.
 */
export function inlineBody(
  ofSdk: string,
  lines: AsyncIterable<string>,
  sent: Sent,
): AsyncGenerator<Uint8Array> {
  const at = ofSdk.indexOf(ROOM);
  if (at < 0) throw new Error("the SDK no longer leaves room for requests in a create");
  const before = ofSdk.slice(0, at + ROOM.length - 1);
  const after = ofSdk.slice(at + ROOM.length - 1);
  return lineChunks(inlined(lines), sent, { before, between: ",", after });
}

/** In a file the key stands beside the request, inline in its metadata. */
async function* inlined(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) {
    const { key, request } = JSON.parse(line) as { key: string; request: unknown };
    yield JSON.stringify({ request, metadata: { key } });
  }
}
