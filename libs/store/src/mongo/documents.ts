import { BSON, type UpdateFilter } from "mongodb";
import type { DocOf, Fact, Ids, Inserted, Kind, Saved, SaveOptions, Store, TaskDoc } from "@granary/domain";
import { demandDue } from "../demandDue.ts";
import { JobAlreadyHeld } from "../jobAlreadyHeld.ts";
import { findByIds, insertNew } from "./bulks.ts";
import { COLLECTION, toBody, toDocument } from "./driven.ts";
import { idOf, type MongoConnection, type Stored } from "./mongoConnection.ts";
import { isDuplicate, tooLarge } from "./mongoErrors.ts";
import { firstOf, type OutboxEntry } from "./outboxEntries.ts";

/** What MongoDB takes as one document. */
const LARGEST_BYTES = 16 * 1024 * 1024;

type Documents = Pick<
  Store,
  "insertOnce" | "insertRequests" | "load" | "loadMany" | "byJob" | "save" | "saveMany"
>;
type Stamps = (facts: readonly Fact[], at: number) => readonly OutboxEntry[];

/**
 * Documents of every kind: inserted once, read, and replaced by compare-and-set. The facts a write tells are in the
 * document itself, so that one write is both.
 */
export function documents(db: MongoConnection, ids: Ids, stamps: Stamps): Documents {
  const of = (kind: Kind) => db.collection(COLLECTION[kind]);

  async function find<K extends Kind>(kind: K, id: string): Promise<DocOf[K] | undefined> {
    const stored = await of(kind).findOne({ _id: id });
    return stored ? toDocument(kind, stored) : undefined;
  }

  function newborn<K extends Kind>(kind: K, doc: DocOf[K], facts: readonly Fact[], at: number): Stored {
    const { id, dueAt, claim, owner, leaseUntil, strikes } = doc;
    demandDue(kind, doc, dueAt);
    const head = { version: 1, by: doc.by || ids.nonce(), dueAt, claim, owner, leaseUntil, strikes };
    const entries = stamps(facts, at);
    const told = { eventSeq: facts.length, stateAt: at, outbox: entries, ...firstOf(entries) };
    return { _id: id, ...head, ...told, ...toBody(kind, doc) };
  }

  async function write<K extends Kind>(
    kind: K,
    held: DocOf[K],
    next: DocOf[K],
    options: SaveOptions,
    at: number,
  ): Promise<Saved<DocOf[K]>> {
    const { facts = [], asOwner = true, nonce, dueAt = held.dueAt } = options;
    demandDue(kind, next, dueAt);
    const by = nonce ?? ids.nonce();
    const guard = { _id: held.id, version: held.version, ...(asOwner ? { claim: held.claim } : {}) };
    const update = updateOf(kind, held, next, options, { by, at, entries: stamps(facts, at) });
    // A command that is too large may cost the connection, which would look like a database that is gone.
    if (BSON.calculateObjectSize(update, { ignoreUndefined: true }) > LARGEST_BYTES)
      throw tooLarge(`save ${kind} ${held.id}`);
    try {
      const stored = await of(kind).findOneAndUpdate(guard, update, { returnDocument: "after" });
      if (stored) return { saved: toDocument(kind, stored) };
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      throw new JobAlreadyHeld(held.id, (next as TaskDoc).holds, { cause: error });
    }
    const found = await find(kind, held.id);
    const landed = found && nonce && found.by === nonce && found.version === held.version + 1;
    return landed ? { saved: found } : { found };
  }

  return {
    insertOnce: async (kind, doc, facts = []) => {
      const at = await db.now();
      return db.ask(`insert ${kind} ${doc.id}`, async () => {
        const refused = await insertNew(of(kind), [newborn(kind, doc, facts, at)]);
        return refused.size === 0 ? { inserted: true } : settle(doc, await find(kind, doc.id));
      });
    },

    insertRequests: async (batch) => {
      const at = await db.now();
      return db.ask("insert requests", async () => {
        const born = batch.map(({ doc, facts }) => newborn("request", doc, facts, at));
        const refused = await insertNew(of("request"), born);
        const there = await findByIds(of("request"), born.filter((_, index) => refused.has(index)).map(idOf));
        const byId = new Map(there.map((stored) => [idOf(stored), toDocument("request", stored)]));
        return batch.map(({ doc }, index) =>
          refused.has(index) ? settle(doc, byId.get(doc.id)) : { inserted: true },
        );
      });
    },

    load: (kind, id) => db.ask(`load ${kind} ${id}`, () => find(kind, id)),

    loadMany: <K extends Kind>(kind: K, wanted: readonly string[]) =>
      db.ask(`load ${kind} documents`, async () =>
        (await findByIds(of(kind), wanted)).map((stored) => toDocument(kind, stored)),
      ),

    byJob: (account, jobIds) =>
      db.ask("find tasks by their jobs", async () => {
        const holds = jobIds.map((jobId) => `${account}/${jobId}`);
        const tasks = (
          await of("task")
            .find({ holds: { $in: holds } })
            .toArray()
        ).map((stored) => toDocument("task", stored));
        return new Map(tasks.map((task) => [task.holds.slice(account.length + 1), task]));
      }),

    save: async (kind, held, next, options = {}) => {
      const at = await db.now();
      return db.ask(`save ${kind} ${held.id}`, () => write(kind, held, next, options, at));
    },

    saveMany: async (kind, ops) => {
      const at = await db.now();
      return db.ask(`save ${kind} documents`, () =>
        db.each(ops, ({ held, next, options }) => write(kind, held, next, options, at)),
      );
    },
  };
}

/** What was there where an insert was refused. */
function settle<D extends DocOf[Kind]>(doc: D, found: D | undefined): Inserted<D> {
  // The id is free: another index refused it, and there is but one.
  if (!found) throw new JobAlreadyHeld(doc.id, (doc as unknown as TaskDoc).holds);
  // The answer to our own insert was lost, and nobody wrote since.
  if (found.by === doc.by && found.version === 1) return { inserted: true };
  return { inserted: false, found };
}

interface Writing {
  readonly by: string;
  readonly at: number;
  readonly entries: readonly OutboxEntry[];
}

function updateOf<K extends Kind>(
  kind: K,
  held: DocOf[K],
  next: DocOf[K],
  { dueAt, release = false }: SaveOptions,
  { by, at, entries }: Writing,
): UpdateFilter<Stored> {
  const body = toBody(kind, next);
  const gone = Object.keys(toBody(kind, held)).filter((name) => body[name] === undefined);
  return {
    $set: {
      ...body,
      by,
      ...(next.state === held.state ? {} : { stateAt: at }),
      ...(dueAt === undefined ? {} : { dueAt }),
      ...(release ? { owner: null, leaseUntil: 0, strikes: 0 } : {}),
    },
    $inc: { version: 1, eventSeq: entries.length },
    ...(gone.length > 0 ? { $unset: Object.fromEntries(gone.map((name) => [name, ""])) } : {}),
    ...(entries.length > 0
      ? { $push: { outbox: { $each: entries } } as object, $min: firstOf(entries) }
      : {}),
  };
}
