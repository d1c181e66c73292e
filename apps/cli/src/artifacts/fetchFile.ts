import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, mkdir, realpath, rename, rm } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Artifacts } from "@granary/domain";
import { Altered, provenRead } from "./provenRead.ts";
import type { RecordedArtifact } from "./recordedArtifacts.ts";

/** What became of a file that was to be fetched. */
export type Fetched = "written" | "there already";

/**
 * Copies a recorded file below a folder, under its path there: complete and proven, or not at all. What lies there
 * already is left alone.
 * @throws Altered where other bytes lie there, the file is not what was recorded, or its path leaves the folder;
 * ArtifactMissing; the system's error where it cannot be written
 */
export async function fetchFile(
  artifacts: Artifacts,
  file: RecordedArtifact,
  folder: string,
): Promise<Fetched> {
  const target = placeBelow(folder, file.path);
  await mkdir(dirname(target), { recursive: true });
  // A link in the folder may lead elsewhere.
  if (!isBelow(await realpath(folder), await realpath(dirname(target))))
    throw new Altered(`${dirname(target)} leads out of ${folder}: nothing is written there`);
  const there = await lstat(target).catch(nullIfGone);
  if (there) {
    if (there.isFile() && (await hashOf(target)) === file.sha256) return "there already";
    throw new Altered(`${target} is there and is something else: move it away, or name another folder`);
  }
  const unfinished = `${target}.${process.pid}.unfinished`;
  try {
    await pipeline(provenRead(artifacts, file), createWriteStream(unfinished, { flags: "wx", flush: true }));
    await rename(unfinished, target);
    return "written";
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

function placeBelow(folder: string, path: string): string {
  const target = resolve(join(folder, path));
  if (isAbsolute(path) || target === resolve(folder) || !isBelow(resolve(folder), target))
    throw new Altered(`${path} leads out of ${folder}: nothing is written there`);
  return target;
}

function isBelow(folder: string, place: string): boolean {
  const way = relative(folder, place);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function nullIfGone(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
  throw error;
}
