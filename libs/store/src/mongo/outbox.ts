import type { Fact, Kind, PendingFact, Store } from "@granary/domain";
import { KINDS } from "../kinds.ts";
import { writeAll } from "./bulks.ts";
import { COLLECTION } from "./driven.ts";
import type { MongoConnection } from "./mongoConnection.ts";
import type { OutboxEntry } from "./outboxEntries.ts";

/**
 * Finds the documents that have facts to tell, by an index in which the others are not. Somebody who died while dropping
 * facts may have left a document in there that has no more.
 */
export const TELLING = { toldAt: { $gt: 0 }, outbox: { $ne: [] } };

/** Facts that wait for the relay in the documents they are about. */
export function outbox(db: MongoConnection): Pick<Store, "pendingFacts" | "dropFacts"> {
  /** The first ones of a kind: they are in the documents that have waited longest. */
  async function entriesOf(kind: Kind, limit: number): Promise<readonly OutboxEntry[]> {
    const told = await db
      .collection(COLLECTION[kind])
      .find(TELLING)
      .project<{ readonly outbox: readonly OutboxEntry[] }>({ outbox: 1 })
      .sort({ toldAt: 1, _id: 1 })
      .limit(limit)
      .toArray();
    return told.flatMap((stored) => inOrder(stored.outbox));
  }

  return {
    pendingFacts: (limit) =>
      db.ask("read the outbox", async () => {
        const entries = await db.each(KINDS, (kind) => entriesOf(kind, limit));
        return entries
          .flat()
          .toSorted((a, b) => a.at - b.at)
          .slice(0, limit)
          .map(toPending);
      }),

    dropFacts: (ids) =>
      db.ask("drop facts", async () => {
        for (const [kind, byDocument] of documentsOf(ids)) {
          const told = db.collection(COLLECTION[kind]);
          const pulls = [...byDocument].map(([_id, facts]) => ({
            updateOne: { filter: { _id }, update: { $pull: { outbox: { id: { $in: facts } } } as never } },
          }));
          await writeAll(told, pulls);
          const ends = [...byDocument.keys()].map((_id) => ({
            updateOne: { filter: { _id, outbox: [] }, update: { $unset: { toldAt: "" } } },
          }));
          await writeAll(told, ends);
        }
      }),
  };
}

/** Facts of one document leave as they were told, even where a later writer's clock was behind. */
function inOrder(entries: readonly OutboxEntry[]): readonly OutboxEntry[] {
  let last = 0;
  return entries.map((entry) => {
    last = Math.max(last, entry.at);
    return { ...entry, at: last };
  });
}

function toPending({ fact, at }: OutboxEntry): PendingFact {
  return { fact: JSON.parse(fact) as Fact, at: Math.floor(at) };
}

/** A fact's id is `<kind>:<document id>:<number>`, and an id may have colons in it. */
function documentsOf(ids: readonly string[]): ReadonlyMap<Kind, ReadonlyMap<string, readonly string[]>> {
  const kinds = new Map<Kind, Map<string, string[]>>();
  for (const id of ids) {
    const [, name, document = ""] = /^([^:]*):(.*):\d+$/s.exec(id) ?? [];
    const kind = KINDS.find((each) => each === name);
    if (!kind) continue;
    const byDocument = kinds.get(kind) ?? new Map<string, string[]>();
    kinds.set(kind, byDocument.set(document, [...(byDocument.get(document) ?? []), id]));
  }
  return kinds;
}
