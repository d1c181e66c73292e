import type { FaultCell, FaultOutcome } from "./faultCase.ts";
import { runFaultCell } from "./runFaultCell.ts";

/** Cells that run at the same time: each of them waits for the provider most of its time. */
export const LANES = 16;

/** Runs cells, some at a time; `say` hears of each as it ends. */
export async function runFaultCells(
  cells: readonly FaultCell[],
  {
    seed,
    lanes = LANES,
    say,
  }: {
    readonly seed: number;
    readonly lanes?: number;
    readonly say: (outcome: FaultOutcome) => void;
  },
): Promise<readonly FaultOutcome[]> {
  const left = [...cells];
  const outcomes: FaultOutcome[] = [];
  async function lane(): Promise<void> {
    for (let cell = left.shift(); cell; cell = left.shift()) {
      const outcome = await runFaultCell(cell, seed);
      outcomes.push(outcome);
      say(outcome);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}
