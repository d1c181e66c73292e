import { runSimulation } from "../simulation/runSimulation.ts";
import type { Sabotage } from "../simulation/sabotages.ts";
import { withoutGuard } from "./withoutGuard.ts";

/** What the simulation says of a copy with one guard gone. */
export interface SeedVerdict {
  readonly caught: boolean;
  /** The first seed that found a fault. */
  readonly seed: number | null;
  readonly fault: string;
}

/** Runs the simulation over a sabotaged copy, from the sabotage's own seed on, until one of so many finds a fault. */
export async function trySeeds(copy: string, sabotage: Sabotage, count: number): Promise<SeedVerdict> {
  const { faulty } = await withoutGuard(copy, sabotage, () =>
    runSimulation({ from: sabotage.seed, count, untilFault: true }, copy),
  );
  const [first] = faulty;
  return { caught: first !== undefined, seed: first?.seed ?? null, fault: first?.faults[0] ?? "" };
}
