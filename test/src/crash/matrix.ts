import { random } from "../simulation/random.ts";
import type { CrashCell, CrashStore } from "./crashCell.ts";
import { CRASH_POINTS } from "./points.ts";

/** One in so many of the rest runs in CI. */
export const ROTATION = 5;

/** All cells: first each point once (SQLite, kill), then the rest, each store and provider where the step is another. */
export function matrixOf(databases: readonly CrashStore[]): {
  readonly once: readonly CrashCell[];
  readonly rest: readonly CrashCell[];
} {
  const once: CrashCell[] = [];
  const rest: CrashCell[] = [];
  for (const point of CRASH_POINTS) {
    if (point.elsewhere !== undefined) continue;
    for (const signal of ["kill", "term"] as const)
      for (const store of ["sqlite", ...databases] as const)
        for (const provider of point.providers) {
          const isFirst = provider === point.providers[0];
          // A store's own step is the same at every provider.
          if (store !== "sqlite" && !(point.isBulk && isFirst)) continue;
          (isFirst && store === "sqlite" && signal === "kill" ? once : rest).push({
            point,
            signal,
            store,
            provider,
          });
        }
  }
  return { once, rest };
}

/** The fifth of the rest that a seed draws: with each seed in turn another one, and all of it with five in a row. */
export function rotatingPart(rest: readonly CrashCell[], seed: number): readonly CrashCell[] {
  const turn = seed % ROTATION;
  const chance = random(Math.floor(seed / ROTATION));
  const shuffled = [...rest];
  for (let at = shuffled.length - 1; at > 0; at -= 1) {
    const other = chance.below(at + 1);
    [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
  }
  return shuffled.filter((_cell, index) => index % ROTATION === turn);
}

/** The seed of a day: its number since 1970. */
export function seedOfDay(now: number): number {
  return Math.floor(now / 86_400_000);
}
