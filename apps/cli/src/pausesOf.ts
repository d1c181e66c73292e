import type { Pause } from "@granary/domain";
import { remedyForPause } from "./remedies.ts";

/** An account's pauses, whether each still holds, and what ends it. */
export function pausesOf(pauses: Readonly<Record<string, Pause>>, now: number) {
  return Object.entries(pauses).map(([scope, pause]) => ({
    scope,
    ...pause,
    holds: pause.until > now,
    remedy: remedyForPause(pause),
  }));
}
