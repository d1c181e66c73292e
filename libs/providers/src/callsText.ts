import { isShallow } from "@granary/domain";

/** A model's calls as JSON; null where they are nested deeper than can be written. */
export function callsText(calls: readonly unknown[]): string | null {
  return isShallow(calls) ? JSON.stringify(calls) : null;
}
