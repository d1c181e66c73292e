import type { FileHandle } from "node:fs/promises";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Fact } from "@granary/domain";
import { StorageFull } from "@granary/domain";

/** A file to which facts are appended, one JSON document a line. */
export interface Journal extends AsyncDisposable {
  /**
   * Resolves once the facts are on disk. Facts of calls made meanwhile travel together in the next write.
   * @throws StorageFull where there is no room; what was written in part is ignored by every reader
   */
  append(facts: readonly Fact[]): Promise<void>;
}

interface Waiting {
  readonly lines: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens the journal at a path, and makes it where there is none. Several processes may append to one: each batch is
 * one write at the end of the file. A batch begins with a line end of its own, so that a line torn by a crash, of
 * whichever process, spoils no other one. Nothing is ever cut off: it could be another process's newest batch.
 */
export async function openJournal(path: string): Promise<Journal> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const file = await open(path, "a", 0o644);
  await syncFolder(folder);
  let waiting: Waiting[] = [];
  let writing: Promise<void> | null = null;
  let closed = false;

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await appendWhole(file, `\n${batch.map(({ lines }) => lines).join("")}`);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    writing = null;
  }

  return {
    async append(facts) {
      if (closed) throw new Error("the journal is closed");
      if (facts.length === 0) return;
      const lines = facts.map((fact) => `${JSON.stringify(fact)}\n`).join("");
      const written = Promise.withResolvers<void>();
      waiting.push({ lines, resolve: written.resolve, reject: written.reject });
      writing ??= writeWaiting();
      await written.promise;
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await writing;
      await file.close();
    },
  };
}

async function appendWhole(file: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  try {
    const { bytesWritten } = await file.write(bytes);
    // Going on with the rest would no longer be one write: somebody else's batch may lie between.
    if (bytesWritten < bytes.byteLength) throw new StorageFull("no room left for the journal");
    await file.datasync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new StorageFull("no room left for the journal", { cause: error });
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
