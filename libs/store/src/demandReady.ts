import { StoreNotReady, StoreTooNew, type Store } from "@granary/domain";

/**
 * Looks whether the store has all that its promises rest on; what is started without it would not keep them.
 * @throws StoreNotReady naming everything that is missing, and the remedy
 * @throws StoreTooNew where a newer version of Granary has migrated it
 */
export async function demandReady(store: Pick<Store, "schema">): Promise<void> {
  const { found, wanted, missing } = await store.schema();
  if (found > wanted)
    throw new StoreTooNew(
      `the store has schema version ${found}, this program knows versions up to ${wanted}: start the newer version ` +
        "of Granary that migrated it",
    );
  if (missing.length > 0)
    throw new StoreNotReady(`the store is not ready, run granary migrate up: ${missing.join("; ")}`);
}
