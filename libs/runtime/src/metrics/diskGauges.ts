import { statfs } from "node:fs/promises";
import type { Instruments } from "./instruments.ts";
import type { DISKS } from "./labels.ts";

/** Folders whose disk is looked at. */
export type DiskFolders = Readonly<Partial<Record<(typeof DISKS)[number], string>>>;

/**
 * Shows how much room there is where a process writes. What cannot be looked at has no sample, for no number would be
 * true of it. Never rejects.
 */
export function diskGauges({ gauge }: Instruments, service: string): (folders: DiskFolders) => Promise<void> {
  const labels = ["service", "disk"] as const;
  const free = gauge(
    { name: "granary_disk_available_bytes", help: "Room left on the disk of a folder" },
    labels,
  );
  const size = gauge({ name: "granary_disk_size_bytes", help: "Size of the disk of a folder" }, labels);
  return async (folders) => {
    const found = await Promise.all(
      Object.entries(folders).map(async ([disk, folder]) => ({
        disk,
        stat: await statfs(folder).catch(() => null),
      })),
    );
    for (const one of [free, size]) one.reset();
    for (const { disk, stat } of found) {
      if (!stat) continue;
      free.set({ service, disk }, stat.bavail * stat.bsize);
      size.set({ service, disk }, stat.blocks * stat.bsize);
    }
  };
}
