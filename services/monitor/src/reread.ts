import type { DocOf, Kind, Store } from "@granary/domain";
import { LeaseLost } from "@granary/domain";

/** The document as it is now, while the claim is still the holder's. @throws LeaseLost */
export async function reread<K extends Kind>(store: Store, kind: K, held: DocOf[K]): Promise<DocOf[K]> {
  const found = await store.load(kind, held.id);
  // Under another's claim our next write would pass for theirs.
  if (!found || found.claim !== held.claim) throw new LeaseLost(kind, held.id);
  return found;
}
