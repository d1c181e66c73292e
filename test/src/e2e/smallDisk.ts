import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Rig } from "./rig.ts";

/** A file system that can be full. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all the room there is. */
  fill(): void;
  /** Gives the room back. */
  free(): void;
}

/** Mounts a file system of so many MiB in a rig; null where that is not allowed (it needs Linux and root). */
export function mountSmallDisk(rig: Rig, mebibytes: number): SmallDisk | null {
  const folder = join(rig.folder, "disk");
  mkdirSync(folder);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", folder]);
  if (mounted.status !== 0) return null;
  rig.defer(() => void spawnSync("umount", ["-l", folder]));
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill() {
      const file = openSync(ballast, "a");
      try {
        for (let size = 64 * 1024; size >= 1; size = Math.floor(size / 2)) writeWhileThereIsRoom(file, size);
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast),
  };
}

function writeWhileThereIsRoom(file: number, size: number): void {
  const bytes = Buffer.alloc(size);
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}
