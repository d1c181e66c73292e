import type { Rehearsal } from "./rehearsal.ts";
import { provingTo } from "./step.ts";
import { STEPS } from "./steps.ts";

/** What came of a step. */
export interface StepReport {
  readonly title: string;
  readonly proven: readonly string[];
  readonly ms: number;
  /** Why it ended early; null where all of it holds. */
  readonly fault: string | null;
}

/** Runs the steps until one does not hold. `tell` hears of each as it goes. */
export async function runRehearsal(
  rehearsal: Rehearsal,
  tell: (line: string) => void = () => {},
): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  for (const [index, { title, run }] of STEPS.entries()) {
    const startedAt = performance.now();
    const proven: string[] = [];
    let fault: string | null = null;
    tell(`${index + 1}. ${title}`);
    try {
      await run(
        rehearsal,
        provingTo((sentence) => {
          proven.push(sentence);
          tell(`   proven: ${sentence}`);
        }),
      );
    } catch (error) {
      fault = (error as Error).message;
      tell(`   ${fault}`);
    }
    reports.push({ title, proven, ms: performance.now() - startedAt, fault });
    if (fault !== null) break;
  }
  return reports;
}

/** Whether every step was taken and holds. */
export function isGo(reports: readonly StepReport[]): boolean {
  return reports.length === STEPS.length && reports.every(({ fault }) => fault === null);
}

/** The closing table: a line a step, also of those that were not come to. */
export function closingTable(reports: readonly StepReport[]): string {
  const rows = STEPS.map(({ title }, index) => {
    const report = reports[index];
    if (!report) return [`${index + 1}`, title, "", "", "not come to"];
    const { proven, ms, fault } = report;
    return [
      `${index + 1}`,
      title,
      `${proven.length}`,
      `${(ms / 1000).toFixed(1)} s`,
      fault === null ? "holds" : "DOES NOT HOLD",
    ];
  });
  const all = [["", "step", "proven", "took", ""], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
