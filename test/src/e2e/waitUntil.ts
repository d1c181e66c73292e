import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MS = 50;

/** It did not come true in time. */
export class WaitedTooLong extends Error {
  override readonly name = "WaitedTooLong";
}

/**
 * Looks until `look` gives something, and answers that.
 * @param state added to the error: how things stand when time is up
 * @throws WaitedTooLong
 */
export async function waitUntil<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  {
    deadlineMs = 30_000,
    lookMs = LOOK_MS,
    state,
  }: {
    readonly deadlineMs?: number;
    readonly lookMs?: number;
    readonly state?: () => Promise<string> | string;
  } = {},
): Promise<T> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > until)
      throw new WaitedTooLong(`waited ${deadlineMs} ms in vain: ${what}${state ? `\n${await state()}` : ""}`);
    await sleep(lookMs);
  }
}
