import type { SubmitterDeps } from "./settings.ts";

/** 0 to 1, from the ids handed in. */
export function randomOf({ ids }: SubmitterDeps): number {
  return Number.parseInt(ids.sha256().update(ids.nonce()).hex().slice(0, 8), 16) / 0xffffffff;
}
