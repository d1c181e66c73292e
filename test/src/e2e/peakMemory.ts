import { readFileSync } from "node:fs";

/** Whether the peak memory of another process can be read here. */
export const CAN_READ_PEAKS = process.platform === "linux";

/** The most memory a running process ever had resident, in MiB. */
export function peakMemoryMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kib = ""] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return Math.round(Number(kib) / 1024);
}
