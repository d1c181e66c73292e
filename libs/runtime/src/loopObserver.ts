/** How a step of the due loop came to its end: the whole list. */
export const STEP_OUTCOMES = ["ok", "lease_lost", "store_away", "stopped", "storage_full", "failed"] as const;
export type StepOutcome = (typeof STEP_OUTCOMES)[number];

/** What the due loop tells of itself, to be counted. */
export interface LoopObserver {
  readonly stepEnded: (outcome: StepOutcome) => void;
  readonly leaseLost: () => void;
}
