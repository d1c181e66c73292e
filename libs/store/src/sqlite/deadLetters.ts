import type { DeadLetter, Store } from "@granary/domain";
import type { Connection } from "./connection.ts";

type DeadLetters = Pick<Store, "putDead" | "dead" | "loadDead" | "markRedriven">;

interface DeadRow extends Omit<DeadLetter, "headers"> {
  readonly headers: string;
}

const SELECT = "SELECT id, subject, reason, headers, bytes, at, redrivenAt FROM dead";

/** Messages nobody could handle. */
export function deadLetters(db: Connection): DeadLetters {
  return {
    putDead: (letters) =>
      db.transaction(() => {
        for (const letter of letters)
          db.run(
            `INSERT INTO dead (id, subject, reason, headers, bytes, at, redrivenAt)
             VALUES (:id, :subject, :reason, :headers, :bytes, :at, :redrivenAt) ON CONFLICT (id) DO NOTHING`,
            { ...letter, headers: JSON.stringify(letter.headers) },
          );
      }),

    dead: ({ after = "", limit }) =>
      db.once(() =>
        db
          .all<DeadRow>(`${SELECT} WHERE id > :after ORDER BY id LIMIT :limit`, { after, limit })
          .map(toLetter),
      ),

    loadDead: (ids) =>
      db.once(() =>
        db
          .all<DeadRow>(`${SELECT} WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY id`, {
            ids: JSON.stringify(ids),
          })
          .map(toLetter),
      ),

    markRedriven: (ids, at) =>
      db.transaction(() =>
        db
          .all<{ id: string }>(
            `UPDATE dead SET redrivenAt = :at
             WHERE id IN (SELECT value FROM json_each(:ids)) AND redrivenAt IS NULL RETURNING id`,
            { ids: JSON.stringify(ids), at },
          )
          .map(({ id }) => id),
      ),
  };
}

function toLetter(row: DeadRow): DeadLetter {
  return { ...row, headers: JSON.parse(row.headers) as DeadLetter["headers"] };
}
