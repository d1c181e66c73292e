import type { JobFault } from "../fault.ts";
import { loneByte } from "../lineBytes.ts";
import type { LineAnswer } from "../scenario.ts";

const LINE_FAULTS = [
  "duplicate_lines",
  "missing_lines",
  "corrupt_lines",
  "foreign_lines",
  "oversized_line",
  "invalid_utf8",
  "nul_bytes",
] as const;
type LineFault = Extract<JobFault, { what: (typeof LINE_FAULTS)[number] }>;

function isLineFault(fault: JobFault): fault is LineFault {
  return (LINE_FAULTS as readonly string[]).includes(fault.what);
}

/** Whether a fault of the result file hits its n-th line, counted from 0. */
function isHit({ share, count }: LineFault, index: number): boolean {
  if (share === undefined) return index < (count ?? 1);
  return Math.floor((index + 1) * share + 1e-9) > Math.floor(index * share + 1e-9);
}

/** The lines that stand in a result file for one record, usually one: spoilt as the line's answer and the job's faults want it. */
export function disturbedLine(
  record: object,
  index: number,
  spoilt: {
    readonly answer: LineAnswer | null;
    readonly faults: readonly JobFault[];
    readonly renamed: (record: object, customId: string) => object;
  },
): string[] {
  const { answer, faults } = spoilt;
  const hitting = faults.filter(isLineFault).filter((fault) => isHit(fault, index));
  const hit = (what: LineFault["what"]) => hitting.some((fault) => fault.what === what);
  let line = JSON.stringify(record);
  for (const fault of hitting)
    // Blanks change nothing of the JSON but its length.
    if (fault.what === "oversized_line") line = `${line.slice(0, -1).padEnd(fault.bytes - 1, " ")}}`;
  if (hit("invalid_utf8")) line = withInTheMiddle(line, loneByte(0xff));
  if (hit("nul_bytes")) line = withInTheMiddle(line, "\0");
  if (answer === "corrupt" || hit("corrupt_lines")) line = line.slice(0, Math.ceil(line.length / 2));
  const lines: string[] = [];
  if (answer !== "missing" && !hit("missing_lines")) lines.push(line);
  if (answer === "duplicate" || hit("duplicate_lines")) lines.push(line);
  if (hit("foreign_lines")) lines.push(JSON.stringify(spoilt.renamed(record, `foreign-${index}`)));
  return lines;
}

function withInTheMiddle(line: string, text: string): string {
  const at = Math.ceil(line.length / 2);
  return line.slice(0, at) + text + line.slice(at);
}
