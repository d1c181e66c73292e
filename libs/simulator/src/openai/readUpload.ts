import { Busboy } from "@fastify/busboy";
import type { IncomingMessage } from "node:http";
import { open, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OpenaiError } from "./openaiError.ts";

const MOST_BYTES = 512 * 1024 * 1024;

/** A multipart upload that lies on disk. */
export interface Upload {
  readonly filename: string | null;
  readonly bytes: number;
  readonly tooLarge: boolean;
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Streams the field `file` of a multipart body to `path`, and gathers the other fields, in whatever order they come.
 * On disk when it resolves; a body that breaks off leaves no file.
 */
export async function readUpload(request: IncomingMessage, path: string): Promise<Upload> {
  const type = request.headers["content-type"];
  if (!type?.startsWith("multipart/form-data"))
    throw new OpenaiError(400, "Expected a multipart/form-data body.", { code: "invalid_content_type" });
  const busboy = Busboy({
    headers: { ...request.headers, "content-type": type },
    limits: { files: 1, fields: 32, fileSize: MOST_BYTES },
  });
  const fields = new Map<string, string>();
  let filename: string | null = null;
  let bytes = 0;
  let tooLarge = false;
  let incoming: Readable | null = null;
  const stored: Promise<void>[] = [];
  busboy.on("field", (name, value) => fields.set(name, value));
  busboy.on("file", (name, stream, named) => {
    if (name !== "file") {
      stream.resume();
      return;
    }
    filename = named;
    stream.on("limit", () => (tooLarge = true));
    incoming = stream;
    const storing = (async () => {
      const file = await open(path, "w");
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          await file.writeFile(chunk);
        }
        await file.sync();
      } finally {
        await file.close();
      }
    })();
    // Awaited below; a body that breaks off rejects here first.
    storing.catch(() => {});
    stored.push(storing);
  });
  try {
    await pipeline(request, busboy);
    await Promise.all(stored);
  } catch (error) {
    (incoming as Readable | null)?.destroy();
    await Promise.allSettled(stored);
    await rm(path, { force: true });
    throw new OpenaiError(400, `The multipart body could not be read: ${(error as Error).message}`);
  }
  return { filename, bytes, tooLarge, fields };
}
