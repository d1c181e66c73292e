import type { StepDeps } from "@granary/runtime";

/** What the monitor's steps need. */
export type MonitorDeps = StepDeps;

/** 0 to 1, from the ids handed in: for jitter. */
export function random01({ ids }: MonitorDeps): number {
  return Number.parseInt(ids.sha256().update(ids.nonce()).hex().slice(0, 8), 16) / 0xffffffff;
}
