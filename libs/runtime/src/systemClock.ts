import type { Clock } from "@granary/domain";

/** Longer timers fire at once in Node; longer sleeps are made of several. */
const LONGEST_MS = 2_147_483_647;

/** The clocks of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    const until = performance.now() + ms;
    for (;;) {
      const left = until - performance.now();
      if (left <= 0 || signal?.aborted) return;
      await pause(Math.min(left, LONGEST_MS), signal);
    }
  },
};

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      // A signal that lives as long as the process would otherwise gather every sleep there was.
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
