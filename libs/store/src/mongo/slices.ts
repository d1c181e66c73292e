import {
  addCosts,
  addCounts,
  addUsage,
  NO_COUNTS,
  NO_USAGE,
  type PoolLine,
  type Slice,
  type Store,
} from "@granary/domain";
import { findByIds } from "./bulks.ts";
import { idOf, type MongoConnection, type Stored } from "./mongoConnection.ts";
import { toSlice } from "./sliceRecord.ts";

type Slices = Pick<
  Store,
  | "loadSlices"
  | "pools"
  | "pendingSlices"
  | "slicesOf"
  | "hasOpenSlice"
  | "removeSlices"
  | "sumSlices"
  | "backlog"
>;
type Sums = Pick<Slice, "counts" | "costMicros" | "usage" | "cutBy">;

/** The slices, as they are looked at. */
export function slices(db: MongoConnection): Slices {
  const all = db.collection("slices");
  return {
    loadSlices: (ids) =>
      db.ask("load slices", async () =>
        (await findByIds(all, ids)).map(toSlice).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      ),

    pools: async (account) => {
      const at = await db.now();
      return db.ask("add up what waits", async () => {
        const lines = await all.aggregate(poolStages(account, at)).toArray();
        return lines.map(({ _id, ...sums }) => ({ ..._id, ...sums }) as PoolLine);
      });
    },

    pendingSlices: async (poolKey, source, limit) => {
      const at = await db.now();
      return db.ask("find what waits", async () => {
        const found = all
          .find({ poolKey, source, state: "pending", notBefore: { $lte: at } })
          .sort({ priority: -1, acceptedAt: 1, systemKey: 1, _id: 1 });
        return (await found.limit(limit).toArray()).map(toSlice);
      });
    },

    slicesOf: (which, { after = "", limit }) =>
      db.ask("read slices", async () => {
        const { open, ...whose } = { open: undefined, ...which };
        const filter = { ...whose, ...(open === undefined ? {} : { open }), _id: { $gt: after } };
        return (await all.find(filter).sort({ _id: 1 }).limit(limit).toArray()).map(toSlice);
      }),

    removeSlices: (request, limit) =>
      db.ask("remove slices", async () => {
        const found = all.find({ request, open: false }, { projection: { _id: 1 } }).sort({ _id: 1 });
        const ids = (await found.limit(limit).toArray()).map(idOf);
        return ids.length === 0 ? 0 : (await all.deleteMany({ _id: { $in: ids }, open: false })).deletedCount;
      }),

    hasOpenSlice: (request) =>
      db.ask("look for an open slice", async () => {
        const [first] = await all.find({ request, open: true }).sort({ _id: 1 }).limit(1).toArray();
        return first !== undefined;
      }),

    sumSlices: (request) =>
      db.ask("add up slices", async () => {
        const rows = await all
          .find({ request, open: false })
          .project<Sums>({ _id: 0, counts: 1, costMicros: 1, usage: 1, cutBy: 1 })
          .toArray();
        return {
          counts: rows.map(({ counts }) => counts ?? NO_COUNTS).reduce(addCounts, NO_COUNTS),
          costMicros: rows.map(({ costMicros }) => costMicros).reduce<number | null>(addCosts, 0),
          usage: rows.map(({ usage }) => usage ?? NO_USAGE).reduce(addUsage, NO_USAGE),
          cutByUs: rows.some(({ cutBy }) => cutBy !== null),
        };
      }),

    backlog: (sources) =>
      db.ask("add up the backlog", async () => {
        const rows = await all
          .aggregate<{ readonly _id: string; readonly lines: number }>([
            { $match: { open: true, source: { $in: sources } } },
            { $group: { _id: "$source", lines: { $sum: "$lines" } } },
          ])
          .toArray();
        const sums = new Map(rows.map(({ _id, lines }) => [_id, lines] as const));
        return Object.fromEntries(sources.map((source) => [source, sums.get(source) ?? 0]));
      }),
  };
}

function poolStages(account: string, at: number): Stored[] {
  return [
    { $match: { account, state: "pending" } },
    {
      $group: {
        _id: { poolKey: "$poolKey", source: "$source" },
        slices: { $sum: 1 },
        lines: { $sum: "$lines" },
        bytes: { $sum: "$bytes" },
        tokens: { $sum: "$tokens" },
        topPriority: { $max: "$priority" },
        oldestAt: { $min: "$acceptedAt" },
        nextAt: { $min: { $cond: [{ $gt: ["$notBefore", at] }, "$notBefore", null] } },
      },
    },
    { $sort: { "_id.poolKey": 1, "_id.source": 1 } },
  ] as object[] as Stored[];
}
