import type { LoopObserver } from "../loopObserver.ts";
import type { Metrics } from "./openMetrics.ts";

/** Counts what the due loops of a process tell of themselves. */
export function loopMetrics({ service, process }: Pick<Metrics, "service" | "process">): LoopObserver {
  return {
    stepEnded: (outcome) => process.steps.inc({ service, outcome }),
    leaseLost: () => process.leasesLost.inc({ service }),
  };
}
