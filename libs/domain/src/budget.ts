/** Money a UTC day. */

const DAY_MS = 86_400_000;

/** When the UTC day of this instant began. */
export function utcDayStart(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

/** When the next UTC day begins. */
export function nextUtcDayAt(at: number): number {
  return utcDayStart(at) + DAY_MS;
}

/** Whether a day's budget, in micro-dollars, has room. What cannot be estimated has no room in any budget. */
export function withinBudget(
  dailyMicros: number | undefined,
  spentMicros: number,
  estimateMicros: number | null,
): boolean {
  if (dailyMicros === undefined) return true;
  return estimateMicros !== null && spentMicros + estimateMicros <= dailyMicros;
}
