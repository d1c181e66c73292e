import type { Store } from "@granary/domain";
import type { GranaryConfig, Log } from "@granary/runtime";
import { systemClock, systemIds } from "@granary/runtime";
import { openMongoStore, sqliteStore, watchChanges } from "@granary/store";

/** The store that a configuration names, and its doorbell. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  /** `SQLite` or `MongoDB`, and where, without secrets. */
  readonly name: string;
  /**
   * Calls `changed` after another process has written, until `stop` aborts. MongoDB rings no bell of its own: there
   * the facts on the bus do.
   */
  readonly watch: (changed: () => void, stop: AbortSignal) => Promise<void>;
}

/**
 * Opens the store. Its tables or collections are not looked at.
 * @throws StoreUnavailable where a SQLite file cannot be opened, or MongoDB does not answer
 */
export async function openStore(config: GranaryConfig["store"], log: Log): Promise<OpenedStore> {
  const clock = systemClock;
  const ids = systemIds;
  if (config.kind === "mongo") {
    const store = await openMongoStore({
      uri: config.uri.reveal(),
      database: config.database,
      ids,
      clock,
      warn: (message) => log.warn({}, message),
    });
    return {
      store,
      name: `MongoDB, database ${config.database}`,
      watch: async (_changed, stop) => aborted(stop),
      [Symbol.asyncDispose]: async () => store.close(),
    };
  }
  const store = sqliteStore({ path: config.sqlite, clock, ids });
  return {
    store,
    name: `SQLite, ${config.sqlite}`,
    watch: async (changed, stop) => watchChanges(store, changed, { clock, signal: stop }),
    [Symbol.asyncDispose]: async () => store.close(),
  };
}

async function aborted(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
}
