import {
  decideOutcome,
  NO_COUNTS,
  outcomeId,
  type Counts,
  type FailureReason,
  type Outcome,
  type OutcomeStatus,
  type Store,
} from "@granary/domain";
import { findByIds, insertNew } from "./bulks.ts";
import { fromText, toText } from "./fields.ts";
import { idOf, type MongoConnection, type Stored } from "./mongoConnection.ts";

/** How items ended: one document an item, the first of a revision stands. */
export function outcomes(
  db: MongoConnection,
): Pick<Store, "putOutcomes" | "outcomes" | "countOutcomes" | "removeOutcomes"> {
  const all = db.collection("outcomes");

  /** Decides about a row whose place is taken, again where somebody replaced what it was decided against. */
  async function decide(row: Outcome, first: Stored | undefined): Promise<"kept" | "different"> {
    const id = outcomeId(row.request, row.ordinal);
    for (let there = first; ; there = (await all.findOne({ _id: id })) ?? undefined) {
      if (!there) throw new Error(`outcome ${id} is neither there nor could be inserted`);
      const found = toOutcome(there);
      const decision = decideOutcome(found, row);
      if (decision === "different") return "different";
      if (decision !== "replace") return "kept";
      const replaced = await all.replaceOne({ _id: id, revision: found.revision }, toStored(row));
      if (replaced.matchedCount === 1) return "kept";
    }
  }

  return {
    putOutcomes: (rows) =>
      db.ask("write outcomes", async () => {
        const refused = await insertNew(all, rows.map(toStored));
        const taken = rows.filter((_, at) => refused.has(at));
        const there = await findByIds(
          all,
          taken.map(({ request, ordinal }) => outcomeId(request, ordinal)),
        );
        const byId = new Map(there.map((stored) => [idOf(stored), stored]));
        const named = taken.map((row) => ({ row, id: outcomeId(row.request, row.ordinal) }));
        const decisions = await db.each(named, ({ row, id }) => decide(row, byId.get(id)));
        return {
          inserted: rows.length - taken.length,
          different: named.flatMap(({ id }, at) => (decisions[at] === "different" ? [id] : [])),
        };
      }),

    outcomes: (request, { after = -1, limit, status }) =>
      db.ask("read outcomes", async () => {
        const filter = { request, ordinal: { $gt: after }, ...(status === undefined ? {} : { status }) };
        return (await all.find(filter).sort({ ordinal: 1 }).limit(limit).toArray()).map(toOutcome);
      }),

    removeOutcomes: (request, limit) =>
      db.ask("remove outcomes", async () => {
        const found = all
          .find({ request }, { projection: { _id: 1 } })
          .sort({ ordinal: 1 })
          .limit(limit);
        const ids = (await found.toArray()).map(idOf);
        return ids.length === 0 ? 0 : (await all.deleteMany({ _id: { $in: ids } })).deletedCount;
      }),

    countOutcomes: (request) =>
      db.ask("count outcomes", async () => {
        const groups = await all
          .aggregate<Group>([
            { $match: { request } },
            { $group: { _id: { status: "$status", reason: "$reason" }, count: { $sum: 1 } } },
          ])
          .toArray();
        return groups.reduce(addGroup, NO_COUNTS);
      }),
  };
}

interface Group {
  readonly _id: { readonly status: OutcomeStatus; readonly reason: FailureReason | null };
  readonly count: number;
}

function addGroup(counts: Counts, { _id: { status, reason }, count }: Group): Counts {
  const byReason = reason
    ? { ...counts.byReason, [reason]: (counts.byReason[reason] ?? 0) + count }
    : counts.byReason;
  return { ...counts, [status]: counts[status] + count, byReason };
}

function toStored({ output, reason = null as never, ...row }: Outcome): Stored {
  const id = outcomeId(row.request, row.ordinal);
  return { _id: id, ...row, reason, ...(output === undefined ? {} : { output: toText(output) }) };
}

function toOutcome({ _id, output, reason, ...row }: Stored): Outcome {
  return {
    ...row,
    ...(reason === null ? {} : { reason }),
    ...(output === undefined ? {} : { output: fromText(output) }),
  } as Outcome;
}
