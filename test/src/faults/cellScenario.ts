import type { ScenarioInput } from "@granary/simulator";
import type { FaultCell, FaultInput } from "./faultCase.ts";

const PACE = { validatingMs: 50, jobMs: 400, lineMs: 1, finalizingMs: 50, cancellingMs: 150, jitter: 0.2 };
/** Long enough for somebody to cancel in the middle, or for a key to be exchanged. */
const LONG_JOB_MS = 2_500;

/** What the provider of a cell does: the faults of all of its cases. */
export function cellScenario({ cases, provider }: FaultCell, seed: number): ScenarioInput {
  const isLong = cases.some(({ cancels, changesKey }) => cancels || changesKey);
  return {
    seed,
    pace: { ...PACE, ...(isLong ? { jobMs: LONG_JOB_MS } : {}) },
    faults: cases
      .reduce<readonly FaultInput[]>(
        (before, { faults = [] }) => [...before, ...faults.map((fault) => after(before, fault))],
        [],
      )
      .map((fault) => ({ ...fault, provider })),
    lines: cases.flatMap(({ lines = [] }) => lines),
    rates: Object.assign({}, ...cases.map(({ rates }) => rates ?? {})) as ScenarioInput["rates"],
  };
}

/** Two faults of the same call strike one after the other: whoever comes first takes the occurrence. */
function after(before: readonly FaultInput[], fault: FaultInput): FaultInput {
  if (fault.on === "job" || fault.nth === undefined) return fault;
  const taken = before
    .filter(({ on, nth }) => on === fault.on && nth !== undefined)
    .reduce((sum, { times = 1 }) => sum + times, 0);
  return { ...fault, nth: fault.nth + taken };
}
