import type { Clock } from "@granary/domain";
import { isBusy } from "./sqliteErrors.ts";
import type { SqliteStore } from "./sqliteStore.ts";

export interface WatchOptions {
  readonly clock: Pick<Clock, "sleep">;
  /** Stops the watch. */
  readonly signal: AbortSignal;
  /** Between two looks. Default 100 ms. */
  readonly everyMs?: number;
}

/** Calls `changed` after other connections have written to the store, until `signal` aborts. */
export async function watchChanges(
  store: Pick<SqliteStore, "dataVersion">,
  changed: () => void,
  { clock, signal, everyMs = 100 }: WatchOptions,
): Promise<void> {
  let seen = look(store);
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    const version = look(store) ?? seen;
    if (version !== seen) changed();
    seen = version;
  }
}

/** Undefined while the file is being recovered by somebody: the next look will tell. */
function look(store: Pick<SqliteStore, "dataVersion">): number | undefined {
  try {
    return store.dataVersion();
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw error;
  }
}
