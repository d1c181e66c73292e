import type { DeadLetter, Ids, Store } from "@granary/domain";
import { chunksOf, findByIds, insertNew } from "./bulks.ts";
import { fromText, toText } from "./fields.ts";
import { idOf, type MongoConnection, type Stored } from "./mongoConnection.ts";

/** Messages nobody could handle. */
export function deadLetters(
  db: MongoConnection,
  ids: Ids,
): Pick<Store, "putDead" | "dead" | "loadDead" | "markRedriven"> {
  const dead = db.collection("dead");
  return {
    putDead: (letters) =>
      db.ask("keep dead letters", async () => {
        await insertNew(
          dead,
          letters.map(({ id, headers, ...letter }) => ({ _id: id, ...letter, headers: toText(headers) })),
        );
      }),

    dead: ({ after = "", limit }) =>
      db.ask("read dead letters", async () => {
        const page = dead.find({ _id: { $gt: after } }).sort({ _id: 1 });
        return (await page.limit(limit).toArray()).map(toLetter);
      }),

    loadDead: (wanted) =>
      db.ask("load dead letters", async () => (await findByIds(dead, wanted)).map(toLetter)),

    markRedriven: (wanted, at) =>
      db.ask("mark dead letters", async () => {
        const by = ids.nonce();
        for (const chunk of chunksOf(wanted))
          await dead.updateMany({ _id: { $in: chunk }, redrivenAt: null }, { $set: { redrivenAt: at, by } });
        return (await findByIds(dead, wanted, { by })).map(idOf);
      }),
  };
}

function toLetter({ _id: id, by: _by, headers, ...letter }: Stored): DeadLetter {
  return { id, ...letter, headers: fromText(headers) } as DeadLetter;
}
