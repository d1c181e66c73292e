import { readFileSync } from "node:fs";

/** The most memory a running process ever had resident, in MiB; null where the system does not tell. */
export function peakMemoryMib(pid: number): number | null {
  if (process.platform !== "linux") return null;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kib = ""] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  return Math.round(Number(kib) / 1024);
}
