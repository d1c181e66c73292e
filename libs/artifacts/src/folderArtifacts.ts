import { createHash } from "node:crypto";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { link, lstat, open, readdir, realpath, rename, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Artifacts } from "@granary/domain";
import { ArtifactMissing, StorageFull } from "@granary/domain";
import { checkedFolder, checkedPath, isSegment, unfit } from "./artifactPath.ts";
import { byteRange } from "./byteRange.ts";
import { durableFolders, makeRoot, syncFolder } from "./durableFolders.ts";
import { openUnfinishedFiles } from "./unfinishedFiles.ts";
import { writeHashed } from "./writeHashed.ts";

const READ_BYTES = 256 * 1024;
/** No waiting for the writer of a named pipe that somebody put there. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Artifacts in a folder, for any number of processes on one machine or on a shared volume that knows hard links. A
 * file is written aside, fsynced, and linked to its place, which makes create-if-absent atomic; then its folder is
 * fsynced. Opening removes what processes that died while writing have left. Symbolic links inside are refused.
 * @throws StorageFull where there is no room for the folder itself
 */
export async function folderArtifacts(folder: string): Promise<Artifacts> {
  await makeRoot(resolve(folder)).catch(rethrown);
  const root = await realpath(folder);
  const unfinished = await openUnfinishedFiles(root).catch(rethrown);
  const folders = durableFolders(root);

  /** The file's place on disk, or null where there is nothing. */
  async function find(path: string): Promise<string | null> {
    const place = join(root, checkedPath(path));
    try {
      if ((await realpath(place)) !== place) throw unfit(path, "a symbolic link lies on the way");
      return place;
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  async function sizeOf(path: string): Promise<number | null> {
    const place = await find(path);
    const found = place === null ? null : await lstat(place).catch(nullIfGone);
    return found?.isFile() ? found.size : null;
  }

  async function* bytesOf(
    path: string,
    range?: { offset: number; length: number },
  ): AsyncGenerator<Uint8Array> {
    const place = await find(path);
    const file = place === null ? null : await open(place, READ_FLAGS).catch(nullIfGone);
    if (!file) throw new ArtifactMissing(path);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new ArtifactMissing(path);
      const { from, to } = byteRange(found.size, range);
      yield* chunksOf(file, from, to);
    } finally {
      await file.close();
    }
  }

  /** Moves a finished file to its place; true where something was there already. */
  async function settle(written: string, path: string, replace: boolean): Promise<boolean> {
    await folders.ensure(path);
    const place = join(root, path);
    // The folder was made or seen by us once; a link may have taken its place since.
    if ((await realpath(dirname(place))) !== dirname(place))
      throw unfit(path, "a symbolic link lies on the way");
    const existed = replace ? (await sizeOf(path)) !== null : await linkOrFind(written, place);
    if (replace) await rename(written, place);
    else await unlink(written);
    // Also where it existed: whoever linked it may not have come to this yet.
    await syncFolder(dirname(place));
    return existed;
  }

  return {
    async put(path, source, options) {
      if (typeof path === "string") checkedPath(path);
      const written = unfinished.newPath();
      try {
        const { sha256, bytes } = await writeHashed(written, source);
        const place = typeof path === "string" ? path : checkedPath(path(sha256));
        const replace = options?.replace ?? false;
        const existed = await settle(written, place, replace).catch(async (error: unknown) => {
          if (!isGone(error)) throw error;
          folders.forget();
          return settle(written, place, replace);
        });
        if (!existed || replace) return { path: place, sha256, bytes, existed };
        if ((await sizeOf(place)) === null) throw unfit(place, "what lies there is no file");
        return { path: place, ...(await hashOf(bytesOf(place))), existed };
      } catch (error) {
        await unlink(written).catch(() => {});
        return rethrown(error, typeof path === "string" ? path : undefined);
      }
    },
    read: bytesOf,
    async stat(path) {
      const bytes = await sizeOf(path);
      return bytes === null ? null : { bytes };
    },
    async *list(prefix) {
      const below = checkedFolder(prefix);
      if (below === "") yield* filesBelow(root, "");
      else if ((await find(below)) !== null) yield* filesBelow(join(root, below), `${below}/`);
    },
    async remove(path) {
      if ((await sizeOf(path)) === null) return false;
      return unlink(join(root, path)).then(
        () => true,
        (error: unknown) => nullIfGone(error) !== null,
      );
    },
  };
}

async function linkOrFind(written: string, place: string): Promise<boolean> {
  try {
    await link(written, place);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return true;
    throw error;
  }
}

async function* chunksOf(file: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to;) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, to - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function hashOf(source: AsyncIterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** Depth first, in the order of whole paths: a folder stands where its name with a slash would. */
async function* filesBelow(
  folder: string,
  prefix: string,
): AsyncGenerator<{ readonly path: string; readonly bytes: number }> {
  const found = await readdir(folder, { withFileTypes: true }).catch(nullIfGone);
  const entries = (found ?? [])
    .filter((entry) => isSegment(entry.name) && (entry.isFile() || entry.isDirectory()))
    .map((entry) => ({ name: entry.name, key: entry.isDirectory() ? `${entry.name}/` : entry.name }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const { name, key } of entries) {
    if (key !== name) yield* filesBelow(join(folder, name), `${prefix}${key}`);
    else {
      const file = await lstat(join(folder, name)).catch(nullIfGone);
      if (file) yield { path: `${prefix}${name}`, bytes: file.size };
    }
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

function nullIfGone(error: unknown): null {
  if (isGone(error)) return null;
  throw error;
}

function rethrown(error: unknown, path?: string): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT")
    throw new StorageFull("no room left for artifacts", { cause: error });
  if (path !== undefined && (code === "EISDIR" || code === "ENOTEMPTY"))
    throw unfit(path, "a folder lies there", error);
  throw error;
}
