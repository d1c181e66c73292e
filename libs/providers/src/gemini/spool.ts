import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { StorageFull } from "@granary/domain";
import { lineChunks, nothingSent } from "../lineChunks.ts";

/** Lines in a file of their own, for as long as it is not disposed of. */
export interface Spool extends AsyncDisposable {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Writes lines to a temporary file that only this user can read. An upload has to say its length before its first
 * byte, and the lines' length is known only at their end: with a file it cannot be wrong, and memory holds one chunk.
 * Throws the error of the lines' source, the reason of `signal`, or StorageFull.
 */
export async function spool(
  lines: AsyncIterable<string>,
  {
    name,
    signal,
    folder = tmpdir(),
  }: {
    readonly name: string;
    readonly signal: AbortSignal;
    readonly folder?: string | undefined;
  },
): Promise<Spool> {
  const own = await mkdtemp(join(folder, "granary-upload-"));
  const remove = () => rm(own, { recursive: true, force: true });
  try {
    const path = join(own, basename(name));
    await writeFile(path, lineChunks(lines, nothingSent()), { signal, mode: 0o600 });
    return { path, bytes: (await stat(path)).size, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new StorageFull(
      `no room in ${folder} for the lines of an upload: make room, or name another folder`,
      {
        cause: error,
      },
    );
  }
}
