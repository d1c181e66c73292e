import { spawnSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Assignment } from "./contender.ts";
import type { Measurement } from "./measurement.ts";
import { runContender } from "./runContender.ts";
import type { Contender } from "./runContender.ts";

/** Runs of both, in order: the runs of equal index stood side by side. */
export interface Pairs {
  readonly granary: readonly Measurement[];
  readonly bare: readonly Measurement[];
}

export interface AlternateOptions {
  readonly granary: Contender;
  readonly bare: Contender;
  readonly repeat: number;
  readonly assignment: Omit<Assignment, "folder">;
  /** Holds the folders of the runs; each is taken away after its run. */
  readonly folder: string;
  readonly profileFolder?: string | undefined;
  /** Puts into a run's folder what the contender begins with. */
  readonly prepare?: (contender: Contender, folder: string) => Promise<void>;
  readonly onRun: (contender: Contender, measurement: Measurement) => void;
}

/** Runs both in turns (A B A B …), so that what else happens on the machine falls on both alike. */
export async function alternate(options: AlternateOptions): Promise<Pairs> {
  const runs: Record<"granary" | "bare", Measurement[]> = { granary: [], bare: [] };
  for (let round = 0; round < options.repeat; round += 1)
    for (const side of ["granary", "bare"] as const) {
      const contender = options[side];
      const folder = join(options.folder, `${contender}-${round}`);
      await mkdir(folder, { recursive: true });
      await options.prepare?.(contender, folder);
      // What one run left to the disk must not be written in the time of the next.
      spawnSync("sync");
      const measurement = await runContender(
        contender,
        { ...options.assignment, folder },
        options.profileFolder,
      );
      runs[side].push(measurement);
      options.onRun(contender, measurement);
      await rm(folder, { recursive: true, force: true });
    }
  return runs;
}
