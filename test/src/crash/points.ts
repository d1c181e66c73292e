import type { CrashPoint } from "./crashPoint.ts";
import { ACCEPT_POINTS } from "./points/acceptPoints.ts";
import { CLOSE_POINTS, RELAY_POINTS } from "./points/closePoints.ts";
import { CREATE_POINTS } from "./points/createPoints.ts";
import { END_POINTS } from "./points/endPoints.ts";
import { HARVEST_POINTS } from "./points/harvestPoints.ts";
import { ADMIT_POINTS, PACK_POINTS } from "./points/packPoints.ts";
import { SWEEP_POINTS } from "./points/sweepPoints.ts";

/** Every place between two writes of P0 to P7, in the protocol's order. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  ...ACCEPT_POINTS,
  ...PACK_POINTS,
  ...ADMIT_POINTS,
  ...CREATE_POINTS,
  ...SWEEP_POINTS,
  ...HARVEST_POINTS,
  ...CLOSE_POINTS,
  ...END_POINTS,
  ...RELAY_POINTS,
];

/** The point of a name. @throws Error where there is none */
export function pointOf(name: string): CrashPoint {
  const found = CRASH_POINTS.find((point) => point.name === name);
  if (!found) throw new Error(`there is no point ${name}: npm run crash -- --list has them all`);
  return found;
}
