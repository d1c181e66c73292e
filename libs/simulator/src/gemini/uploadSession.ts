import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** What is known of a resumable upload from its start on. */
export interface UploadSession {
  readonly id: string;
  readonly account: string;
  /** The file's name, `files/…`. */
  readonly name: string;
  readonly displayName: string;
  readonly mimeType: string;
  /** As it was announced; null where it was not. */
  readonly sizeBytes: number | null;
  readonly isFinal: boolean;
}

/** Uploads that are under way, on disk: whoever was cut off goes on where the bytes end, also after a restart. */
export interface UploadSessions {
  /** Keeps a session, new or changed. */
  keep(session: UploadSession): Promise<void>;
  find(id: string): Promise<UploadSession | null>;
  /** Bytes that have come so far. */
  received(id: string): Promise<number>;
  /** Appends a chunk. What came of one that breaks off is kept. */
  append(id: string, chunk: Readable): Promise<void>;
  /** Moves the bytes to where the file has them, and gives their SHA-256 in base 64. */
  take(id: string, path: string): Promise<string>;
  drop(id: string): Promise<void>;
}

/** The sessions of a folder, which must be there. */
export function uploadSessions(folder: string): UploadSessions {
  const place = (id: string, what: "json" | "part") => join(folder, `${id}.${what}`);
  return {
    async keep(session) {
      const path = place(session.id, "json");
      await writeFile(`${path}.new`, JSON.stringify(session), { flush: true });
      await rename(`${path}.new`, path);
    },
    async find(id) {
      if (!/^[0-9a-f]{32}$/.test(id)) return null;
      const text = await readFile(place(id, "json"), "utf8").catch(() => null);
      return text === null ? null : (JSON.parse(text) as UploadSession);
    },
    received: (id) =>
      stat(place(id, "part")).then(
        ({ size }) => size,
        () => 0,
      ),
    async append(id, chunk) {
      const file = await open(place(id, "part"), "a");
      try {
        for await (const bytes of chunk as AsyncIterable<Buffer>) await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async take(id, path) {
      // An upload of nothing has no bytes on disk.
      await (await open(place(id, "part"), "a")).close();
      const hash = createHash("sha256");
      for await (const bytes of createReadStream(place(id, "part"))) hash.update(bytes as Buffer);
      await rename(place(id, "part"), path);
      return hash.digest("base64");
    },
    async drop(id) {
      for (const what of ["json", "part"] as const) await rm(place(id, what), { force: true });
    },
  };
}
