import type { DocOf, Kind } from "@granary/domain";
import { dutyOf } from "@granary/domain";

/**
 * Refuses a document that some role has to look at again and that would never be due: nobody would ever find it. The
 * promise that nothing gets stuck unseen rests on this, so it is held here and not in every step.
 */
export function demandDue<K extends Kind>(kind: K, doc: DocOf[K], dueAt: number | null): void {
  const duty = dutyOf(kind, doc);
  if (dueAt === null && duty !== null)
    throw new Error(`${kind} ${doc.id} (${doc.state}) waits for the ${duty} and would never be due`);
}
