import {
  applySignal,
  dutyOf,
  type ClaimFilter,
  type DocOf,
  type Head,
  type Ids,
  type Kind,
  type Store,
} from "@granary/domain";
import { KINDS } from "../kinds.ts";
import { poisonWaitMs } from "../poisonWait.ts";
import type { Connection } from "./connection.ts";
import {
  bodyColumns,
  bodyValues,
  HEAD_COLUMNS,
  ROW_COLUMNS,
  toDocument,
  type DocumentRow,
} from "./documentRow.ts";

type Claims = Pick<Store, "claimDue" | "renew" | "release" | "freeLeases" | "signal" | "postpone">;

/** Who works on a document, when it wants to be looked at, and what others write onto it. */
export function claims(db: Connection, now: () => number, ids: Ids): Claims {
  function claim<K extends Kind>(kind: K, row: DocumentRow, filter: ClaimFilter, at: number): DocOf[K] {
    const strikes = row.strikes + 1;
    const waitMs = poisonWaitMs(strikes);
    const dueAt = waitMs === null ? row.dueAt : at + waitMs;
    const head = db.get<Head>(
      `UPDATE ${kind} SET claim = claim + 1, strikes = :strikes, owner = :owner, leaseUntil = :leaseUntil, dueAt = :dueAt
       WHERE id = :id RETURNING ${HEAD_COLUMNS}`,
      { id: row.id, strikes, owner: filter.owner, leaseUntil: at + filter.leaseMs, dueAt },
    );
    return toDocument(kind, { ...row, ...head });
  }

  return {
    claimDue: (kind, filter) =>
      db.transaction(() => {
        const at = now();
        const { duty, accounts, limit } = filter;
        const among = accounts ? "AND account IN (SELECT value FROM json_each(:accounts))" : "";
        const rows = db.all<DocumentRow>(
          `SELECT ${ROW_COLUMNS} FROM ${kind}
           WHERE duty = :duty AND dueAt <= :at AND leaseUntil <= :at ${among}
           ORDER BY dueAt, id LIMIT :limit`,
          { duty, at, limit, ...(accounts ? { accounts: JSON.stringify(accounts) } : {}) },
        );
        return rows.map((row) => claim(kind, row, filter, at));
      }),

    renew: (kind, id, held, leaseMs) =>
      db.transaction(() => {
        const sql = `UPDATE ${kind} SET leaseUntil = :until WHERE id = :id AND claim = :held AND owner IS NOT NULL`;
        return db.run(sql, { id, held, until: now() + leaseMs }) === 1;
      }),

    release: (kind, { id, version, claim: held }, dueAt, { failed = false } = {}) =>
      db.transaction(() => {
        db.run(
          `UPDATE ${kind} SET owner = NULL, leaseUntil = 0, ${failed ? "" : "strikes = 0,"}
             dueAt = CASE version WHEN :version THEN :dueAt ELSE dueAt END
           WHERE id = :id AND claim = :held`,
          { id, version, held, dueAt },
        );
      }),

    freeLeases: ({ except }) =>
      db.transaction(() =>
        KINDS.map((kind) =>
          db.run(
            `UPDATE ${kind} SET owner = NULL, leaseUntil = 0 WHERE owner IS NOT NULL AND owner <> :except`,
            { except },
          ),
        ).reduce((sum, freed) => sum + freed, 0),
      ),

    signal: (kind, wanted, signal) =>
      db.transaction(() => {
        const at = now();
        const rows = db.all<DocumentRow>(
          `SELECT ${ROW_COLUMNS} FROM ${kind} WHERE id IN (SELECT value FROM json_each(:ids))`,
          { ids: JSON.stringify(wanted) },
        );
        for (const row of rows) {
          const doc = toDocument(kind, row);
          const next = applySignal(kind, doc, signal);
          const woken = dutyOf(kind, next) === null ? row.dueAt : at;
          const head = { id: row.id, by: ids.nonce(), dueAt: woken };
          if (next === doc) db.run(signalSql(kind, []), head);
          else db.run(signalSql(kind, bodyColumns(kind)), { ...head, ...bodyValues(kind, next) });
        }
        return rows.length;
      }),

    postpone: (kind, docs, dueAt) =>
      db.transaction(() => {
        const at = now();
        for (const { id, version } of docs)
          db.run(
            `UPDATE ${kind} SET dueAt = :dueAt WHERE id = :id AND version = :version AND leaseUntil <= :at`,
            { id, version, dueAt, at },
          );
      }),
  };
}

function signalSql(kind: Kind, columns: readonly string[]): string {
  const sets = columns.map((name) => `, ${name} = :${name}`).join("");
  return `UPDATE ${kind} SET version = version + 1, "by" = :by, dueAt = :dueAt${sets} WHERE id = :id`;
}
