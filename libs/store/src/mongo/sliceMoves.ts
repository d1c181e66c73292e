import type { Filter } from "mongodb";
import type { Ids, SliceMove, Store } from "@granary/domain";
import { chunksOf, findByIds, insertNew, writeAll } from "./bulks.ts";
import { idOf, type MongoConnection, type Stored } from "./mongoConnection.ts";
import { isOpen, toStoredSlice } from "./sliceRecord.ts";

const PAGE = 500;

/** Writes of slices: each guarded by the state a slice is moved from, so that two movers share no slice. */
export function sliceMoves(
  db: MongoConnection,
  ids: Ids,
): Pick<Store, "insertSlices" | "moveSlices" | "settleSlices" | "repriceSlices"> {
  const slices = db.collection("slices");

  /** Moves what still fits the guard, again until nothing does: a write over many may miss what changes meanwhile. */
  async function moveThese(
    chunk: readonly string[],
    guard: Filter<Stored>,
    set: Readonly<Record<string, unknown>>,
    by: string,
  ): Promise<readonly string[]> {
    for (;;) {
      const filter = { ...guard, _id: { $in: chunk }, by: { $ne: by } };
      const { matchedCount } = await slices.updateMany(filter, { $set: { ...set, by } });
      if (matchedCount === 0) break;
    }
    return (await findByIds(slices, chunk, { by })).map(idOf);
  }

  async function move({ which, ofTask, from, to, set = {} }: SliceMove): Promise<readonly string[]> {
    const by = ids.nonce();
    const change = { ...set, state: to, open: isOpen(to) };
    const moved: string[] = [];
    if ("ids" in which) {
      const guard = { state: { $in: from }, ...(ofTask === undefined ? {} : { taskId: ofTask }) };
      for (const chunk of chunksOf(which.ids)) moved.push(...(await moveThese(chunk, guard, change, by)));
    } else {
      const guard = {
        $and: [{ taskId: which.taskId }, ...(ofTask === undefined ? [] : [{ taskId: ofTask }])],
        state: { $in: from },
      };
      for (;;) {
        const page = await slices
          .find({ ...guard, by: { $ne: by } })
          .project<{ readonly _id: string }>({ _id: 1 })
          .limit(PAGE)
          .toArray();
        if (page.length === 0) break;
        const chunk = page.map(idOf);
        moved.push(...(await moveThese(chunk, guard, change, by)));
      }
    }
    return moved.toSorted();
  }

  return {
    insertSlices: (added) =>
      db.ask("insert slices", async () => {
        await insertNew(slices, added.map(toStoredSlice));
      }),

    moveSlices: (wanted) => db.ask("move slices", () => move(wanted)),

    settleSlices: (rows) =>
      db.ask("settle slices", () =>
        writeAll(
          slices,
          rows.map(({ id, ...sums }) => ({
            updateOne: {
              filter: { _id: id, state: { $in: ["harvesting", "ending"] } },
              update: { $set: { ...sums, state: "settled", open: false } },
            },
          })),
        ),
      ),

    repriceSlices: (rows) =>
      db.ask("reprice slices", () =>
        writeAll(
          slices,
          rows.map(({ id, fromMicros, costMicros }) => ({
            updateOne: {
              filter: { _id: id, state: "settled", costMicros: fromMicros },
              update: { $set: { costMicros } },
            },
          })),
        ),
      ),
  };
}
