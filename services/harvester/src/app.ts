import type { AnyWorker } from "@granary/runtime";
import { closeRequest } from "./closeRequest.ts";
import { harvestTask } from "./harvestTask.ts";
import type { HarvesterDeps } from "./settings.ts";

/** The harvester: downloads, checks, decides, settles, closes requests. */
export interface Harvester {
  readonly workers: readonly AnyWorker[];
}

/** Harvests under way at once in one process: each streams a result file. */
const HARVESTS = 4;

export function harvester(deps: HarvesterDeps): Harvester {
  const accounts = [...deps.catalogue.accounts.keys()];
  const leaseMs = Math.min(
    30_000,
    ...[...deps.catalogue.accounts.values()].map((a) => a.settings.durations.leaseMs),
  );
  const common = { duty: "harvester", accounts, leaseMs } as const;
  return {
    workers: [
      { ...common, name: "harvestTask", kind: "task", concurrency: HARVESTS, step: harvestTask(deps) },
      { ...common, name: "closeRequest", kind: "request", concurrency: HARVESTS, step: closeRequest(deps) },
    ],
  };
}
