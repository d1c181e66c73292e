import type { AnyWorker } from "@granary/runtime";
import { ensureSweeps } from "./ensureSweeps.ts";
import type { MonitorDeps } from "./settings.ts";
import { sweepAccount } from "./sweepAccount.ts";
import { watchRequest } from "./watchRequest.ts";
import { watchTask } from "./watchTask.ts";

/** The monitor: watches jobs, finds lost creates and orphans, enforces deadlines, carries out cancellations. */
export interface Monitor {
  readonly workers: readonly AnyWorker[];
  /** Makes the documents the workers are driven by. Repeatable. */
  readonly ensure: () => Promise<void>;
}

export function monitor(deps: MonitorDeps): Monitor {
  const accounts = [...deps.catalogue.accounts.keys()];
  const leaseMs = Math.min(
    30_000,
    ...[...deps.catalogue.accounts.values()].map((a) => a.settings.durations.leaseMs),
  );
  const common = { duty: "monitor", accounts, leaseMs } as const;
  return {
    ensure: async () => ensureSweeps(deps),
    workers: [
      { ...common, name: "watchRequest", kind: "request", concurrency: 8, step: watchRequest(deps) },
      { ...common, name: "watchTask", kind: "task", concurrency: 16, step: watchTask(deps) },
      {
        ...common,
        name: "sweepAccount",
        kind: "sweep",
        concurrency: accounts.length,
        step: sweepAccount(deps),
      },
    ],
  };
}
