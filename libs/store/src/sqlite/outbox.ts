import type { Fact, Store } from "@granary/domain";
import type { Connection } from "./connection.ts";

type Outbox = Pick<Store, "pendingFacts" | "dropFacts">;

/** Facts that wait for the relay, in the order they were written. */
export function outbox(db: Connection): Outbox {
  return {
    pendingFacts: (limit) =>
      db.once(() =>
        db
          .all<{ fact: string; at: number }>("SELECT fact, at FROM outbox ORDER BY seq LIMIT :limit", {
            limit,
          })
          .map(({ fact, at }) => ({ fact: JSON.parse(fact) as Fact, at })),
      ),

    dropFacts: (ids) =>
      db.transaction(() => {
        db.run("DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(:ids))", {
          ids: JSON.stringify(ids),
        });
      }),
  };
}

/** Part of the transaction that writes the document the facts tell of. */
export function addFacts(db: Connection, facts: readonly Fact[], at: number): void {
  for (const fact of facts)
    db.run("INSERT INTO outbox (id, at, fact) VALUES (:id, :at, :fact)", {
      id: fact.id,
      at,
      fact: JSON.stringify(fact),
    });
}
