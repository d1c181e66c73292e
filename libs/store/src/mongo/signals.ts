import { applySignal, dutyOf, type Ids, type Kind, type Signal, type Store } from "@granary/domain";
import { chunksOf, findByIds } from "./bulks.ts";
import { COLLECTION, toBody, toDocument } from "./driven.ts";
import { idOf, type MongoConnection } from "./mongoConnection.ts";

/** What others write onto a document: set against its version, whoever holds it, until it fits. */
export function signals(db: MongoConnection, ids: Ids): Pick<Store, "signal"> {
  /** False where there is no such document. */
  async function put(kind: Kind, id: string, signal: Signal, at: number): Promise<boolean> {
    const collection = db.collection(COLLECTION[kind]);
    for (;;) {
      const stored = await collection.findOne({ _id: id });
      if (!stored) return false;
      const doc = toDocument(kind, stored);
      const next = applySignal(kind, doc, signal);
      const body = next === doc ? {} : toBody(kind, next);
      const due = dutyOf(kind, next) === null ? {} : { dueAt: at };
      const written = await collection.updateOne(
        { _id: id, version: doc.version },
        { $set: { ...body, by: ids.nonce(), ...due }, $inc: { version: 1 } },
      );
      if (written.matchedCount === 1) return true;
    }
  }

  /** Wakes what has something to do, a list in one write; answers those that it may not have reached. */
  async function wake(kind: Kind, wanted: readonly string[], at: number): Promise<readonly string[]> {
    const collection = db.collection(COLLECTION[kind]);
    const by = ids.nonce();
    await collection.updateMany(
      { _id: { $in: wanted }, duty: { $ne: null } },
      { $set: { by, dueAt: at }, $inc: { version: 1 } },
    );
    // Those that somebody wrote since are woken once more, rather than not at all.
    return (await findByIds(collection, wanted, { by: { $ne: by } })).map(idOf);
  }

  async function signalMany(kind: Kind, wanted: readonly string[], signal: Signal): Promise<number> {
    const at = await db.now();
    let reached = 0;
    for (const chunk of chunksOf([...new Set(wanted)])) {
      const left = signal.type === "wake" && chunk.length > 1 ? await wake(kind, chunk, at) : chunk;
      const there = await db.each(left, (id) => put(kind, id, signal, at));
      if (left === chunk) reached += there.filter(Boolean).length;
      else reached += await db.collection(COLLECTION[kind]).countDocuments({ _id: { $in: chunk } });
    }
    return reached;
  }

  return {
    signal: (kind, wanted, signal) => db.ask(`signal ${kind}`, () => signalMany(kind, wanted, signal)),
  };
}
