import type { ClaimFilter, DocOf, Ids, Kind, Store } from "@granary/domain";
import { KINDS } from "../kinds.ts";
import { poisonWaitMs } from "../poisonWait.ts";
import { findByIds, writeAll } from "./bulks.ts";
import { COLLECTION, ofAccounts, toDocument } from "./driven.ts";
import { idOf, type MongoConnection, type Stored } from "./mongoConnection.ts";
import { oneByOne } from "./oneByOne.ts";

type Claims = Pick<Store, "claimDue" | "renew" | "release" | "freeLeases" | "postpone">;

/** How many more are looked at where others claim at the same time, so that not all want the same ones. */
const WIDER = 4;
/** Then the rest is left to those who are faster. */
const ROUNDS = 50;

/** Who works on a document, and when it wants to be looked at. All of it on the database's time. */
export function claims(db: MongoConnection, ids: Ids): Claims {
  const of = (kind: Kind) => db.collection(COLLECTION[kind]);
  const inTurn = oneByOne();

  async function due(kind: Kind, filter: ClaimFilter, at: number, limit: number): Promise<readonly Stored[]> {
    const { duty, accounts } = filter;
    const among = accounts ? ofAccounts(kind, accounts) : {};
    return of(kind)
      .find({ duty, dueAt: { $lte: at }, leaseUntil: { $lte: at }, ...among })
      .project<Stored>({ strikes: 1 })
      .sort({ dueAt: 1, _id: 1 })
      .limit(limit)
      .toArray();
  }

  /**
   * Takes those of them that nobody else took meanwhile: the guard decides about each on its own, and the nonce tells
   * which ones it gave to this call.
   */
  async function claim<K extends Kind>(
    kind: K,
    chosen: readonly Stored[],
    { duty, owner, leaseMs }: ClaimFilter,
    at: number,
  ): Promise<readonly DocOf[K][]> {
    const claimedBy = ids.nonce();
    const guard = { duty, dueAt: { $lte: at }, leaseUntil: { $lte: at } };
    const lease = { owner, leaseUntil: at + leaseMs, claimedBy };
    let won = 0;
    for (const [strikes, wanted] of Map.groupBy(chosen, (stored) => Number(stored["strikes"]))) {
      const waitMs = poisonWaitMs(strikes + 1);
      const { matchedCount } = await of(kind).updateMany(
        { ...guard, _id: { $in: wanted.map(idOf) }, strikes },
        {
          $inc: { claim: 1, strikes: 1 },
          $set: { ...lease, ...(waitMs === null ? {} : { dueAt: at + waitMs }) },
        },
      );
      won += matchedCount;
    }
    if (won === 0) return [];
    const order = chosen.map(idOf);
    const ours = await findByIds(of(kind), order, { claimedBy });
    return ours
      .map((stored) => toDocument(kind, stored))
      .toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  }

  async function claimDue<K extends Kind>(kind: K, filter: ClaimFilter): Promise<readonly DocOf[K][]> {
    const claimed: DocOf[K][] = [];
    for (let round = 0; round < ROUNDS && claimed.length < filter.limit; round += 1) {
      const at = await db.now();
      const wanted = filter.limit - claimed.length;
      const isCrowded = round > 0;
      const seen = await due(kind, filter, at, isCrowded ? wanted * WIDER : wanted);
      const chosen = isCrowded ? someOf(seen, wanted) : seen;
      if (chosen.length === 0) break;
      const ours = await claim(kind, chosen, filter, at);
      claimed.push(...ours);
      if (ours.length === chosen.length && seen.length < wanted) break;
    }
    return claimed;
  }

  return {
    // Claimers of one process would only take each other's time.
    claimDue: (kind, filter) =>
      inTurn(`${kind} ${filter.duty}`, () => db.ask(`claim ${kind} documents`, () => claimDue(kind, filter))),

    renew: async (kind, id, held, leaseMs) => {
      const leaseUntil = (await db.now()) + leaseMs;
      return db.ask(`renew the lease of ${kind} ${id}`, async () => {
        const guard = { _id: id, claim: held, owner: { $ne: null } };
        return (await of(kind).updateOne(guard, { $set: { leaseUntil } })).matchedCount === 1;
      });
    },

    release: (kind, { id, version, claim: held }, dueAt, { failed = false } = {}) =>
      db.ask(`release ${kind} ${id}`, async () => {
        const free = { owner: null, leaseUntil: 0, ...(failed ? {} : { strikes: 0 }) };
        const guard = { _id: id, claim: held };
        const still = await of(kind).updateOne({ ...guard, version }, { $set: { ...free, dueAt } });
        // Woken since: the due time is the waker's. Versions only rise, so the first form can no longer fit.
        if (still.matchedCount === 0) await of(kind).updateOne(guard, { $set: free });
      }),

    freeLeases: ({ except }) =>
      db.ask("free the leases of the dead", async () => {
        const free = { $set: { owner: null, leaseUntil: 0 } };
        const freed = await db.each(KINDS, (kind) =>
          of(kind).updateMany({ owner: { $nin: [null, except] } }, free),
        );
        return freed.reduce((sum, { modifiedCount }) => sum + modifiedCount, 0);
      }),

    postpone: async (kind, docs, dueAt) => {
      const at = await db.now();
      await db.ask(`postpone ${kind} documents`, () =>
        writeAll(
          of(kind),
          docs.map(({ id, version }) => ({
            updateOne: {
              filter: { _id: id, version, leaseUntil: { $lte: at } },
              update: { $set: { dueAt } },
            },
          })),
        ),
      );
    },
  };
}

/** Some of them by chance, in their order. */
function someOf<T>(items: readonly T[], count: number): readonly T[] {
  let left = count;
  return items.filter((_, at) => {
    const isChosen = Math.random() * (items.length - at) < left;
    if (isChosen) left -= 1;
    return isChosen;
  });
}
