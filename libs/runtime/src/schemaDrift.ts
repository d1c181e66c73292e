import type { SchemaDrift, Store } from "@granary/domain";
import { DRIFT_NAMES, driftName, OTHER_DRIFT, tellDrift } from "@granary/domain";
import type { Clock } from "@granary/domain";
import { change } from "./change.ts";
import type { Log } from "./dueLoop.ts";
import { providerOf } from "./metrics/labels.ts";

type DriftObject = SchemaDrift["object"];

/** Hears of what a provider says that nobody here knows. */
export interface DriftNotes {
  /**
   * Notes names, each with how often it was seen: counts them, and the first time an account shows one, says so in the
   * log and in a fact. @throws StoreUnavailable
   */
  note(account: string, object: DriftObject, names: ReadonlyMap<string, number>): Promise<void>;
}

export interface DriftDeps {
  readonly store: Store;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  /** Counts sightings; names are bounded before. */
  readonly count?: (
    labels: { readonly provider: string; readonly object: DriftObject; readonly field: string },
    times: number,
  ) => void;
}

/** Notes of one process. What was told before is remembered on the account's document, so that no other one repeats it. */
export function driftNotes({ store, clock, log, count }: DriftDeps): DriftNotes {
  const known = new Map<string, Set<string>>();
  const told = new Set<string>();

  /** The name as a label: one of a bounded number by provider and object. */
  function bounded(provider: string, object: DriftObject, name: string): string {
    const key = `${provider}/${object}`;
    const names = known.get(key) ?? new Set();
    known.set(key, names);
    const clean = driftName(name);
    if (names.has(clean)) return clean;
    if (names.size >= DRIFT_NAMES) return OTHER_DRIFT;
    names.add(clean);
    return clean;
  }

  async function tell(account: string, seen: Omit<SchemaDrift, "at"> & { provider: string }): Promise<void> {
    const key = `${account}/${seen.object}/${seen.field}`;
    if (told.has(key)) return;
    const doc = await store.load("account", account);
    const at = clock.now();
    const isNew =
      doc &&
      (await change(store, "account", doc, (current) => tellDrift(current, seen, at), {
        at,
        asOwner: false,
      }));
    if (isNew) log.warn({ account, object: seen.object, field: seen.field }, "the provider's schema drifts");
    // Without a document of the account, which is made soon, it is told another time.
    if (doc) told.add(key);
  }

  return {
    async note(account, object, names) {
      const provider = providerOf(account);
      for (const [name, times] of names) {
        const field = bounded(provider, object, name);
        count?.({ provider, object, field }, times);
        await tell(account, { provider, object, field });
      }
    },
  };
}
