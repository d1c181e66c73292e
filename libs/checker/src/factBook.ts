import type { Head, Kind } from "@granary/domain";
import type { Checking } from "./checking.ts";
import type { Notebook } from "./notebook.ts";

const OLDEST_MS = 600_000;
/** Gaps of one document that are named one by one. */
const MOST_GAPS = 20;
const FIRST_PENDING = 1_000;

/** What a document has told, by its own count, and what was heard of it. */
interface Told {
  eventSeq: number;
  /** All facts up to this one were heard. */
  upTo: number;
  /** Heard beyond a gap. */
  readonly beyond: Set<number>;
}

/** Which facts there must be, and which there are. */
export interface FactBook {
  /** A document was read: facts 1 to its `eventSeq` must be somewhere. */
  expect(kind: Kind, doc: Pick<Head, "id" | "eventSeq">): void;
  told(): Map<string, Told>;
}

export function factBook(): FactBook {
  const told = new Map<string, Told>();
  return {
    expect(kind, { id, eventSeq }) {
      const key = `${kind}:${id}`;
      const known = told.get(key);
      if (known) known.eventSeq = Math.max(known.eventSeq, eventSeq);
      else told.set(key, { eventSeq, upTo: 0, beyond: new Set() });
    },
    told: () => told,
  };
}

/**
 * Holds what was told against what was heard (V10). Read after the documents, first what waits, then what was
 * published: a fact is always in one of the two.
 */
export async function checkFacts(checking: Checking, note: Notebook): Promise<void> {
  const { store, deps, facts, now } = checking;
  const told = facts.told();
  const strange = new Map<string, number>();

  function hear(id: string): void {
    const colon = id.lastIndexOf(":");
    const key = id.slice(0, colon);
    const seq = Number(id.slice(colon + 1));
    if (!/^(?:request|task|account|sweep):/.test(key)) return;
    const doc = told.get(key);
    if (!doc || seq > doc.eventSeq) strange.set(key, Math.max(strange.get(key) ?? 0, seq));
    if (!doc || seq <= doc.upTo) return;
    if (seq > doc.upTo + 1) doc.beyond.add(seq);
    else for (doc.upTo = seq; doc.beyond.delete(doc.upTo + 1);) doc.upTo += 1;
  }

  let pending = await store.pendingFacts(FIRST_PENDING);
  for (let limit = FIRST_PENDING; pending.length >= limit;) pending = await store.pendingFacts((limit *= 4));
  for (const { fact, at } of pending) {
    note.met("facts");
    note.checked("V10");
    hear(fact.id);
    if (at < now - OLDEST_MS)
      note.found("V10", fact.id, `waits to be published for ${Math.round((now - at) / 1000)} s`, {
        fact: fact.id,
      });
  }
  if (!deps.facts) note.unproven("V10", "what was published is not known");
  else
    for await (const { id } of deps.facts) {
      note.met("facts");
      hear(id);
    }
  for (const [key, doc] of told) {
    if (!deps.facts) continue;
    note.checked("V10", doc.eventSeq);
    let gaps = 0;
    for (let seq = doc.upTo + 1; seq <= doc.eventSeq && gaps < MOST_GAPS; seq += 1) {
      if (doc.beyond.has(seq)) continue;
      gaps += 1;
      note.found("V10", `${key}:${seq}`, "was told and is neither published nor waiting", {
        fact: `${key}:${seq}`,
      });
    }
  }
  await checkStrange(checking, note, strange);
}

/** Facts of which their document knows nothing: it may have been written since it was read. */
async function checkStrange(
  { store, whole }: Checking,
  note: Notebook,
  strange: ReadonlyMap<string, number>,
): Promise<void> {
  if (!whole) return;
  for (const [key, seq] of strange) {
    const colon = key.indexOf(":");
    const doc = await store.load(key.slice(0, colon) as Kind, key.slice(colon + 1));
    if (!doc || doc.eventSeq < seq)
      note.found(
        "V10",
        `${key}:${seq}`,
        doc
          ? `was told, but its document only told ${doc.eventSeq}`
          : "was told of a document that is not there",
        { fact: `${key}:${seq}` },
      );
  }
}
