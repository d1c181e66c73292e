import type { AccountUsage, Store } from "@granary/domain";
import type { MongoConnection } from "./mongoConnection.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const AT_PROVIDER: readonly string[] = ["submitting", "unknown", "running"];
const UNDER_WAY = [...AT_PROVIDER, "harvesting", "settling"];

interface Group {
  readonly _id: { readonly model: string; readonly state: string };
  readonly jobs: number;
  readonly tokens: number;
  readonly estimateMicros: number;
  readonly openedAt: number | null;
}

interface SourceSum {
  readonly _id: string;
  readonly micros: number;
}

/**
 * What an account has under way, out of the tasks as they stand. What is under way is read before what has ended: a
 * task that ends in between counts twice, which admits too little, and is never missed.
 */
export function usage(db: MongoConnection): Pick<Store, "usage"> {
  const tasks = db.collection("tasks");

  async function sourcesOf(match: object, micros: object | string): Promise<readonly SourceSum[]> {
    const stages = [
      { $match: match },
      { $unwind: "$bySource" },
      { $group: { _id: "$bySource.source", micros: { $sum: micros } } },
    ];
    return tasks.aggregate<SourceSum>(stages).toArray();
  }

  async function look(account: string, at: number): Promise<AccountUsage> {
    const underWay = { account, state: { $in: UNDER_WAY } };
    const endedToday = { account, endedAt: { $gte: at - (at % DAY_MS) } };
    const [groups, estimates, createsLastMinute, sweep] = await Promise.all([
      tasks.aggregate<Group>(underWayStages(underWay)).toArray(),
      sourcesOf(underWay, "$bySource.estimateMicros"),
      tasks.countDocuments({ account, createAt: { $gt: at - MINUTE_MS } }),
      db.collection("sweeps").findOne({ _id: account }),
    ]);
    const [costs, [cost]] = await Promise.all([
      sourcesOf(endedToday, SHARE),
      tasks
        .aggregate<SourceSum>([
          { $match: endedToday },
          { $group: { _id: null, micros: { $sum: "$spentMicros" } } },
        ])
        .toArray(),
    ]);
    const atProvider = groups.filter(({ _id }) => AT_PROVIDER.includes(_id.state));
    const opened = atProvider.flatMap(({ openedAt }) => (openedAt === null ? [] : [openedAt]));
    return {
      jobs: atProvider.reduce((sum, { jobs }) => sum + jobs, 0),
      byModel: modelsOf(atProvider),
      createsLastMinute,
      spentMicros: groups.reduce((sum, group) => sum + group.estimateMicros, cost?.micros ?? 0),
      spentBySource: addUp([...estimates, ...costs]),
      oldestOpenAt: opened.length > 0 ? Math.min(...opened) : null,
      foreign: (sweep?.["foreign"] as AccountUsage["foreign"] | undefined) ?? { jobs: 0, lines: 0 },
    };
  }

  return {
    usage: async (account) => {
      const at = await db.now();
      return db.ask("add up the usage", () => look(account, at));
    },
  };
}

/** What an ended task cost, by each source's lines. */
const SHARE = {
  $divide: [{ $multiply: ["$spentMicros", "$bySource.lines"] }, { $max: ["$lines", 1] }],
};

function underWayStages(match: object): object[] {
  return [
    { $match: match },
    {
      $group: {
        _id: { model: "$model", state: "$state" },
        jobs: { $sum: 1 },
        tokens: { $sum: "$tokens" },
        estimateMicros: { $sum: "$estimateMicros" },
        openedAt: { $min: "$openedAt" },
      },
    },
    { $sort: { "_id.model": 1 } },
  ];
}

function modelsOf(groups: readonly Group[]): AccountUsage["byModel"] {
  const models = new Map<string, { jobs: number; tokens: number; submitting: number }>();
  for (const { _id, jobs, tokens } of groups) {
    const sums = models.get(_id.model) ?? { jobs: 0, tokens: 0, submitting: 0 };
    models.set(_id.model, {
      jobs: sums.jobs + jobs,
      tokens: sums.tokens + tokens,
      submitting: sums.submitting + (_id.state === "submitting" ? jobs : 0),
    });
  }
  return Object.fromEntries(models);
}

function addUp(sums: readonly SourceSum[]): Readonly<Record<string, number>> {
  const sources = new Map<string, number>();
  for (const { _id, micros } of sums) sources.set(_id, (sources.get(_id) ?? 0) + micros);
  return Object.fromEntries(
    [...sources].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, micros]) => [name, Math.round(micros)]),
  );
}
