import type { Clock, Store } from "@granary/domain";

/** How long an estimate is used before the store is asked again. */
const FRESH_MS = 5_000;
/** An answer that took longer says too little about the time: it may have been given at any moment of it. */
const SLOW_MS = 1_000;

/**
 * A clock that tells the store's time of day, so that instants of one replica mean the same to every other one: due
 * times, the quiet period and deadlines are compared between them. This machine's own wall clock stays what `wall`
 * tells. The estimate is asked for anew every five seconds, in passing, and right to half the time that an answer took;
 * while the store is away, or too slow to tell, the last one stands.
 * @throws StoreUnavailable where it cannot be asked the first time
 */
export async function storeClock(store: Pick<Store, "now">, machine: Clock): Promise<Clock> {
  let askedAt = machine.monotonic();

  async function look(): Promise<{ readonly aheadMs: number; readonly tookMs: number }> {
    askedAt = machine.monotonic();
    const begunAt = askedAt;
    const told = await store.now();
    const tookMs = machine.monotonic() - begunAt;
    return { aheadMs: Math.round(told + tookMs / 2 - machine.now()), tookMs };
  }

  let { aheadMs } = await look();

  async function ask(): Promise<void> {
    try {
      const seen = await look();
      if (seen.tookMs <= SLOW_MS) ({ aheadMs } = seen);
    } catch {
      // Whoever needs the store hears of it.
    }
  }

  return {
    now() {
      if (machine.monotonic() - askedAt >= FRESH_MS) void ask();
      return machine.now() + aheadMs;
    },
    wall: () => machine.now(),
    monotonic: () => machine.monotonic(),
    sleep: async (ms, signal) => machine.sleep(ms, signal),
  };
}
