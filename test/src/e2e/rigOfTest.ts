import { onTestFinished } from "vitest";
import { openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

/** A rig that is closed when the running test ends: well, badly or by its time limit. */
export async function rigOfTest(): Promise<Rig> {
  const rig = await openRig();
  onTestFinished(async () => rig.close(), 30_000);
  return rig;
}
