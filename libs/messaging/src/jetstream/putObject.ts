import { createHash } from "node:crypto";
import { ReadableStream } from "node:stream/web";
import { Objm } from "@nats-io/obj";
import { toBusUnavailable } from "./busErrors.ts";
import type { Nats } from "./nats.ts";

/** An entry to write, and where. */
export interface PutObjectOptions {
  /** The object store; made where it is missing. */
  readonly bucket: string;
  readonly object: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Writes an entry of a NATS object store, streaming, in place of one that is there; answers what a command's `itemsRef`
 * has to say of it.
 * @throws BusUnavailable; what was written in part is removed
 */
export async function putObject(
  nats: Nats,
  { bucket, object, bytes }: PutObjectOptions,
): Promise<{
  readonly bucket: string;
  readonly object: string;
  readonly sha256: string;
  readonly bytes: number;
}> {
  const hash = createHash("sha256");
  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      hash.update(piece);
      size += piece.byteLength;
      yield piece;
    }
  }
  try {
    const store = await new Objm(nats.connection).create(bucket);
    await store.put({ name: object }, ReadableStream.from(counted()));
  } catch (error) {
    throw toBusUnavailable(`nats://${bucket}/${object} cannot be written`, error);
  }
  return { bucket, object, sha256: hash.digest("hex"), bytes: size };
}
