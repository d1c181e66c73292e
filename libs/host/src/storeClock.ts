import type { Clock, Store } from "@granary/domain";

/** How long an estimate is used before the store is asked again. */
const FRESH_MS = 5_000;

/**
 * A clock that tells the store's time of day, so that instants of one replica mean the same to every other one: due
 * times, the quiet period and deadlines are compared between them. This machine's own wall clock stays what `wall`
 * tells. The estimate is asked for anew every five seconds, in passing; while the store is away the last one stands.
 * @throws StoreUnavailable where it cannot be asked the first time
 */
export async function storeClock(store: Pick<Store, "now">, machine: Clock): Promise<Clock> {
  let aheadMs = (await store.now()) - machine.now();
  let askedAt = machine.monotonic();

  async function ask(): Promise<void> {
    askedAt = machine.monotonic();
    try {
      aheadMs = (await store.now()) - machine.now();
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
