import type { Gauges, Kind, Store } from "@granary/domain";
import { KINDS } from "../kinds.ts";
import { COLLECTION } from "./driven.ts";
import type { MongoConnection } from "./mongoConnection.ts";
import { TELLING } from "./outbox.ts";

const POISON_SHOWN = 100;
const POISON_STRIKES = 5;
const HOUR_MS = 3_600_000;

type Overdue = Gauges["overdue"][number];
type Outbox = Gauges["outbox"];

/** What metrics ask for. The numbers are read side by side, not at one instant: a document may be met twice. */
export function gauges(db: MongoConnection): Pick<Store, "gauges"> {
  const of = (kind: Kind) => db.collection(COLLECTION[kind]);

  async function overdue(kind: Kind, at: number): Promise<readonly Overdue[]> {
    const account = kind === "account" || kind === "sweep" ? "$_id" : "$account";
    const groups = await of(kind)
      .aggregate([
        {
          $match: {
            duty: { $in: ["submitter", "monitor", "harvester"] },
            dueAt: { $lte: at },
            leaseUntil: { $lte: at },
          },
        },
        { $group: { _id: { duty: "$duty", account }, count: { $sum: 1 }, oldestDueAt: { $min: "$dueAt" } } },
        { $sort: { "_id.duty": 1, "_id.account": 1 } },
      ])
      .toArray();
    return groups.map(({ _id: { duty, account: name }, count, oldestDueAt }): Overdue => ({
      kind,
      duty,
      account: name,
      count,
      oldestDueAt,
    }));
  }

  async function waiting(kind: Kind): Promise<Outbox> {
    const [sums] = await of(kind)
      .aggregate<Outbox>([
        { $match: TELLING },
        { $unwind: "$outbox" },
        { $group: { _id: null, pending: { $sum: 1 }, oldestAt: { $min: "$outbox.at" } } },
      ])
      .toArray();
    const { pending = 0, oldestAt = null } = sums ?? {};
    return { pending, oldestAt: oldestAt === null ? null : Math.floor(oldestAt) };
  }

  async function poison(kind: Kind): Promise<Gauges["poison"]> {
    const found = of(kind)
      .find({ strikes: { $gte: POISON_STRIKES } })
      .project<{ readonly _id: string; readonly strikes: number }>({ strikes: 1 })
      .sort({ strikes: -1, _id: 1 })
      .limit(POISON_SHOWN);
    return (await found.toArray()).map(({ _id: id, strikes }) => ({ kind, id, strikes }));
  }

  async function tasks(): Promise<Gauges["tasks"]> {
    const groups = await of("task")
      .aggregate([
        { $match: { account: { $gte: "" } } },
        {
          $group: {
            _id: { account: "$account", state: "$state" },
            count: { $sum: 1 },
            oldestAt: { $min: "$stateAt" },
          },
        },
        { $sort: { "_id.account": 1, "_id.state": 1 } },
      ])
      .toArray();
    return groups.map(({ _id, ...sums }) => ({ ..._id, ...sums }) as Gauges["tasks"][number]);
  }

  async function requests(): Promise<Gauges["requests"]> {
    const groups = await of("request")
      .aggregate([
        { $match: { state: { $gte: "" } } },
        { $group: { _id: "$state", count: { $sum: 1 }, oldestAt: { $min: "$stateAt" } } },
        { $sort: { _id: 1 } },
      ])
      .toArray();
    return groups.map(({ _id: state, ...sums }) => ({ state, ...sums }) as Gauges["requests"][number]);
  }

  async function running(): Promise<Gauges["running"]> {
    const groups = await of("task")
      .aggregate([
        { $match: { state: "running" } },
        {
          $group: {
            _id: { account: "$account", model: "$model" },
            count: { $sum: 1 },
            oldestAt: { $min: "$stateAt" },
          },
        },
        { $sort: { "_id.account": 1, "_id.model": 1 } },
      ])
      .toArray();
    return groups.map(({ _id, ...sums }) => ({ ..._id, ...sums }) as Gauges["running"][number]);
  }

  async function nearExpiry(at: number): Promise<Gauges["nearExpiry"]> {
    const groups = await of("task")
      .aggregate([
        { $match: { state: "running", "view.expiresAt": { $lte: at + HOUR_MS } } },
        { $group: { _id: "$account", count: { $sum: 1 } } },
        { $sort: { _id: 1 } },
      ])
      .toArray();
    return groups.map(({ _id: account, count }) => ({ account, count }));
  }

  async function sweeps(): Promise<Gauges["sweeps"]> {
    const all = await of("sweep").find().sort({ _id: 1 }).toArray();
    return all.map(({ account, seq, orphans, foreign }) => ({
      account,
      seq,
      orphans: orphans.length,
      foreignJobs: foreign.jobs,
    }));
  }

  return {
    gauges: async () => {
      const at = await db.now();
      return db.ask("read the gauges", async () => ({
        tasks: await tasks(),
        requests: await requests(),
        running: await running(),
        slicesOpen: await db.collection("slices").countDocuments({ open: true }),
        overdue: (await db.each(KINDS, (kind) => overdue(kind, at))).flat(),
        nearExpiry: await nearExpiry(at),
        sweeps: await sweeps(),
        outbox: (await db.each(KINDS, waiting)).reduce(addOutbox),
        poison: (await db.each(KINDS, poison)).flat(),
        dead: await db.collection("dead").countDocuments({ redrivenAt: null }),
      }));
    },
  };
}

function addOutbox(a: Outbox, b: Outbox): Outbox {
  const oldest = [a.oldestAt, b.oldestAt].filter((at) => at !== null);
  return { pending: a.pending + b.pending, oldestAt: oldest.length > 0 ? Math.min(...oldest) : null };
}
