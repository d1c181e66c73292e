import type { Clock } from "@granary/domain";

/** Wakes whoever waits: something may have become due. Ringing when nobody waits is remembered once per waiter. */
export interface Doorbell {
  ring(): void;
  /** Resolves at the next ring since this listener last waited, after `ms`, or when `stop` aborts. */
  listener(): (ms: number, stop: AbortSignal) => Promise<void>;
}

/** A doorbell for the loops of one process. */
export function doorbell(clock: Clock): Doorbell {
  let rings = 0;
  let waiting = new Set<() => void>();
  return {
    ring() {
      rings += 1;
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    listener() {
      let heard = rings;
      return async (ms, stop) => {
        if (rings === heard && !stop.aborted) {
          const over = new AbortController();
          const wake = (): void => over.abort();
          waiting.add(wake);
          await clock.sleep(ms, AbortSignal.any([stop, over.signal]));
          waiting.delete(wake);
        }
        heard = rings;
      };
    },
  };
}
