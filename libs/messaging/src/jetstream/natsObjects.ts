import { createHash } from "node:crypto";
import type { Objects } from "@granary/domain";
import { ArtifactMissing, BrokenTransfer, BusUnavailable } from "@granary/domain";
import { JetStreamApiCodes, JetStreamApiError, jetstream, type JsMsg } from "@nats-io/jetstream";
import { type ObjectInfo, Objm } from "@nats-io/obj";
import { toBusUnavailable } from "./busErrors.ts";
import type { Nats } from "./nats.ts";

/** So many pieces are ahead of the reader, 128 KiB each as objects are usually written. */
const AHEAD = 16;
const SILENCE_MS = 30_000;
const LINKS = 4;

/**
 * Reads entries of NATS object stores, piece by piece in bounded memory: no faster than it is read from. (The client
 * library's own reader takes in all that comes.)
 * @throws ArtifactMissing where there is no such store or entry
 * @throws BrokenTransfer after the last byte, where the bytes are not those whose SHA-256 the entry has
 * @throws BusUnavailable
 */
export function natsObjects(
  nats: Nats,
  { silenceMs = SILENCE_MS }: { readonly silenceMs?: number } = {},
): Objects {
  return {
    async *read(bucket, object) {
      const found = await findObject(nats, bucket, object, LINKS);
      if (!found) throw new ArtifactMissing(`nats://${bucket}/${object}`);
      const hash = createHash("sha256");
      let left = found.info.size;
      if (left > 0)
        for await (const bytes of piecesOf(nats, found, silenceMs)) {
          hash.update(bytes);
          left -= bytes.byteLength;
          yield bytes;
          if (left <= 0) break;
        }
      const digest = `SHA-256=${hash.digest("base64url")}`;
      if (left !== 0 || withoutPadding(found.info.digest) !== digest)
        throw new BrokenTransfer(
          `nats://${bucket}/${object} is not the ${found.info.size} bytes it was stored as`,
        );
    },
  };
}

interface FoundObject {
  readonly bucket: string;
  readonly info: ObjectInfo;
}

async function findObject(
  nats: Nats,
  bucket: string,
  object: string,
  links: number,
): Promise<FoundObject | null> {
  try {
    // A bucket's name is part of a stream's name; another word cannot be one.
    if (!/^[-\w]+$/.test(bucket)) return null;
    const store = await new Objm(nats.connection).open(bucket);
    const info = await store.info(object);
    if (!info || info.deleted) return null;
    const { link } = info.options ?? {};
    if (!link) return { bucket, info };
    return links > 0 && link.name ? await findObject(nats, link.bucket, link.name, links - 1) : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw toBusUnavailable(`nats://${bucket}/${object} cannot be read`, error);
  }
}

async function* piecesOf(
  nats: Nats,
  { bucket, info }: FoundObject,
  silenceMs: number,
): AsyncGenerator<Uint8Array> {
  const place = `nats://${bucket}/${info.name}`;
  const silent = (): BusUnavailable => new BusUnavailable(`${place}: the next piece does not come`);
  let timer: NodeJS.Timeout | undefined;
  try {
    const consumer = await jetstream(nats.connection).consumers.get(`OBJ_${bucket}`, {
      filter_subjects: `$O.${bucket}.C.${info.nuid}`,
    });
    const pieces = await consumer.consume({ max_messages: AHEAD });
    try {
      const iterator = pieces[Symbol.asyncIterator]();
      for (;;) {
        const late = Promise.withResolvers<never>();
        timer = setTimeout(() => late.reject(silent()), silenceMs);
        const next: IteratorResult<JsMsg> = await Promise.race([iterator.next(), late.promise]);
        clearTimeout(timer);
        if (next.done) throw silent();
        yield next.value.data;
      }
    } finally {
      clearTimeout(timer);
      pieces.stop();
    }
  } catch (error) {
    if (error instanceof BusUnavailable) throw error;
    throw toBusUnavailable(`${place} cannot be read`, error);
  }
}

function isMissing(error: unknown): boolean {
  if (error instanceof JetStreamApiError)
    return error.code === JetStreamApiCodes.StreamNotFound || error.code === JetStreamApiCodes.NoMessageFound;
  return error instanceof Error && error.message === "object store not found";
}

function withoutPadding(digest: string): string {
  return digest.replace(/=+$/, "");
}
