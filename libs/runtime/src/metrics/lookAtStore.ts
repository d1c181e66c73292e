import type { Clock, Store } from "@granary/domain";
import type { Budgets } from "./accountGauges.ts";
import type { StoreGauges, StoreLook } from "./storeGauges.ts";

/** Looks are shared by scrapes that come closer together. */
const KEPT_MS = 1_000;
/** A scrape waits no longer: a store that is slower counts as away. */
const PATIENCE_MS = 2_000;

/** What a look takes of a store. */
export type WatchedStore = Pick<Store, "gauges" | "loadMany" | "usage" | "now">;

export interface LookAtStoreOptions {
  readonly store: WatchedStore;
  readonly clock: Clock;
  readonly gauges: StoreGauges;
  readonly accounts: readonly string[];
  /** Read anew at each look. */
  readonly budgets: Budgets;
}

/** Brings the gauges up to date, at most once a second and one look at a time. Never rejects, and never waits long. */
export function lookAtStore({
  store,
  clock,
  gauges,
  accounts,
  budgets,
}: LookAtStoreOptions): () => Promise<void> {
  let shownAt = -Infinity;
  let looking: Promise<StoreLook | null> | null = null;

  async function look(): Promise<StoreLook | null> {
    try {
      const [found, docs, usage, now] = await Promise.all([
        store.gauges(),
        store.loadMany("account", accounts),
        Promise.all(accounts.map(async (id) => [id, await store.usage(id)] as const)),
        store.now(),
      ]);
      return { gauges: found, accounts: docs, usage: new Map(usage), now };
    } catch {
      // Whoever works with the store says what is wrong with it; here it is only away.
      return null;
    } finally {
      looking = null;
    }
  }

  return async () => {
    if (clock.monotonic() - shownAt < KEPT_MS) return;
    looking ??= look();
    const over = new AbortController();
    const found = await Promise.race([looking, clock.sleep(PATIENCE_MS, over.signal).then(() => null)]);
    over.abort();
    if (!found) return gauges.forget();
    shownAt = clock.monotonic();
    gauges.show(found, budgets);
  };
}
