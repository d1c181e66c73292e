import type { DocOf, FactBody, Kind, SaveOptions, Store } from "@granary/domain";
import { LeaseLost, stampFacts } from "@granary/domain";

/** What a decision wants written. */
export interface Wanted<D> {
  readonly next: D;
  readonly facts?: readonly FactBody[];
}

export interface ChangeOptions extends Omit<SaveOptions, "facts"> {
  /** When the change happened, for the facts. */
  readonly at: number;
}

/**
 * An owner's write: decides on what is held and saves it. Where a signal came between, reads again, checks that
 * the claim is still its own, and decides again. Null where the decision has become moot: nothing was written.
 * @throws LeaseLost
 */
export async function change<K extends Kind>(
  store: Store,
  kind: K,
  held: DocOf[K],
  decide: (current: DocOf[K]) => Wanted<DocOf[K]> | null,
  options: ChangeOptions | ((next: DocOf[K]) => ChangeOptions),
): Promise<DocOf[K] | null> {
  let current = held;
  for (;;) {
    const wanted = decide(current);
    if (!wanted) return null;
    const { at, ...save } = typeof options === "function" ? options(wanted.next) : options;
    const facts = stampFacts(kind, { ...current, ...traceOf(wanted.next) }, wanted.facts ?? [], at);
    const result = await store.save(kind, current, wanted.next, { ...save, facts });
    if ("saved" in result) return result.saved;
    const { found } = result;
    if (!found || (save.asOwner !== false && found.claim !== held.claim)) throw new LeaseLost(kind, held.id);
    current = found;
  }
}

/** A change may be what puts a document into a trace: its own facts belong there, too. */
function traceOf(doc: object): { readonly traceparent?: string } {
  const { traceparent } = doc as { readonly traceparent?: string | null };
  return traceparent ? { traceparent } : {};
}
