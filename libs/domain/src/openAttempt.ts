import type { Stranger, Suspect, TaskDoc } from "./documents.ts";

/** By how much the provider's clock, and those of our replicas, may differ. */
export const CLOCK_MARGIN_MS = 900_000;
const CREATE_BASE_MS = 60_000;
/** Bytes a second that a create is expected to move at least; only matters where lines travel in its body. */
const FLOOR_BYTES_A_SECOND = 256 * 1024;

/** How long a create of so many bytes may take to be answered, in milliseconds; after it the result is unknown. */
export function createTimeoutMs(bytes: number): number {
  return CREATE_BASE_MS + Math.ceil((bytes / FLOOR_BYTES_A_SECOND) * 1000);
}

/** When a task's open attempt can have created a job, by our clock. Null where no intent stands. */
export function attemptWindow(task: TaskDoc): Suspect | null {
  const { id, intent, lines, bytes } = task;
  if (!intent) return null;
  const from = Math.min(intent.startedAt, intent.perhapsSentAt ?? Infinity);
  return { taskId: id, lines, from, to: intent.at + createTimeoutMs(bytes) };
}

/** Whether a job can have come of an attempt, by its time and its number of lines. */
export function fitsWindow(
  { createdAt, lines }: Pick<Stranger, "createdAt" | "lines">,
  window: Suspect,
): boolean {
  // A job whose lines are not counted yet may have any number of them.
  const isThatLong = lines === 0 || lines === window.lines;
  return isThatLong && createdAt >= window.from - CLOCK_MARGIN_MS && createdAt <= window.to + CLOCK_MARGIN_MS;
}

/**
 * Whether a job nobody holds may be the one whose create was not answered. A job that a pass saw before the intent
 * was written is not, unless an earlier copy of this attempt may have been sent by a store that was lost since.
 */
export function mayBeJobOf(task: TaskDoc, stranger: Stranger): boolean {
  const window = attemptWindow(task);
  if (!window || !task.intent) return false;
  if (stranger.firstSeq <= task.intent.sweepSeq && task.intent.perhapsSentAt === undefined) return false;
  if (task.mistaken?.includes(stranger.jobId)) return false;
  if (task.jobs.some(({ jobId }) => jobId === stranger.jobId)) return false;
  if (stranger.owner !== null && stranger.owner !== task.id) return false;
  return fitsWindow(stranger, window);
}

/** Whether an operator said that no job came of the task's open attempt. */
export function isDeclaredNotCreated({ attempt, verdictsOfOperators = [] }: TaskDoc): boolean {
  return verdictsOfOperators.some((said) => said.attempt === attempt && said.says === "not_created");
}
