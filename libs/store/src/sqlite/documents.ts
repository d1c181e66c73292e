import type { DocOf, Fact, Ids, Inserted, Kind, Saved, SaveOptions, Store, TaskDoc } from "@granary/domain";
import { demandDue } from "../demandDue.ts";
import { JobAlreadyHeld } from "../jobAlreadyHeld.ts";
import type { Connection } from "./connection.ts";
import {
  bodyColumns,
  bodyValues,
  HEAD_COLUMNS,
  ROW_COLUMNS,
  toDocument,
  type DocumentRow,
} from "./documentRow.ts";
import { addFacts } from "./outbox.ts";
import { violatesUnique } from "./sqliteErrors.ts";

type Documents = Pick<
  Store,
  "insertOnce" | "insertRequests" | "load" | "loadMany" | "byJob" | "save" | "saveMany"
>;

/** Documents of every kind: inserted once, read, and replaced by compare-and-set. */
export function documents(db: Connection, now: () => number, ids: Ids): Documents {
  function find<K extends Kind>(kind: K, id: string): DocOf[K] | undefined {
    const row = db.get<DocumentRow>(`SELECT ${ROW_COLUMNS} FROM ${kind} WHERE id = :id`, { id });
    return row && toDocument(kind, row);
  }

  function insert<K extends Kind>(kind: K, doc: DocOf[K], facts: readonly Fact[]): Inserted<DocOf[K]> {
    const at = now();
    const { id, dueAt, claim, owner, leaseUntil, strikes } = doc;
    demandDue(kind, doc, dueAt);
    const by = doc.by || ids.nonce();
    const head = { id, by, dueAt, claim, owner, leaseUntil, strikes, eventSeq: facts.length };
    const inserted = holding(doc, () =>
      db.run(insertSql(kind), { ...head, version: 1, stateAt: at, ...bodyValues(kind, doc) }),
    );
    if (inserted === 1) {
      addFacts(db, facts, at);
      return { inserted: true };
    }
    const found = find(kind, id);
    if (!found) throw new Error(`${kind} ${id} is neither there nor could be inserted`);
    // The answer to our own insert was lost, and nobody wrote since.
    if (found.by === doc.by && found.version === 1) return { inserted: true };
    return { inserted: false, found };
  }

  function write<K extends Kind>(
    kind: K,
    held: DocOf[K],
    next: DocOf[K],
    { facts = [], asOwner = true, dueAt, release = false, nonce }: SaveOptions,
  ): Saved<DocOf[K]> {
    demandDue(kind, next, dueAt === undefined ? held.dueAt : dueAt);
    const at = now();
    const values = {
      ...bodyValues(kind, next),
      id: held.id,
      version: held.version,
      by: nonce ?? ids.nonce(),
      told: facts.length,
      at,
      ...(asOwner ? { claim: held.claim } : {}),
      ...(dueAt === undefined ? {} : { dueAt }),
    };
    const sql = saveSql(kind, asOwner, dueAt !== undefined, release);
    const row = holding(next, () => db.get<DocumentRow>(sql, values));
    if (row) {
      addFacts(db, facts, at);
      return { saved: toDocument(kind, row) };
    }
    const found = find(kind, held.id);
    const landed = found && nonce && found.by === nonce && found.version === held.version + 1;
    return landed ? { saved: found } : { found };
  }

  return {
    insertOnce: (kind, doc, facts = []) => db.transaction(() => insert(kind, doc, facts)),
    insertRequests: (batch) =>
      db.transaction(() => batch.map(({ doc, facts }) => insert("request", doc, facts))),
    load: (kind, id) => db.once(() => find(kind, id)),
    loadMany: <K extends Kind>(kind: K, wanted: readonly string[]) =>
      db.once(() =>
        db
          .all<DocumentRow>(
            `SELECT ${ROW_COLUMNS} FROM ${kind} WHERE id IN (SELECT value FROM json_each(:ids))`,
            { ids: JSON.stringify(wanted) },
          )
          .map((row) => toDocument(kind, row)),
      ),
    byJob: (account, jobIds) =>
      db.once(() => {
        const rows = db.all<DocumentRow & { holds: string }>(
          `SELECT holds, ${ROW_COLUMNS} FROM task WHERE holds IN (SELECT value FROM json_each(:holds))`,
          { holds: JSON.stringify(jobIds.map((jobId) => `${account}/${jobId}`)) },
        );
        return new Map(
          rows.map(({ holds, ...row }) => [holds.slice(account.length + 1), toDocument("task", row)]),
        );
      }),
    save: (kind, held, next, options = {}) => db.transaction(() => write(kind, held, next, options)),
    saveMany: (kind, ops) =>
      db.transaction(() => ops.map(({ held, next, options }) => write(kind, held, next, options))),
  };
}

function insertSql(kind: Kind): string {
  const columns = [...HEAD_COLUMNS.split(", "), "stateAt", ...bodyColumns(kind)];
  const values = columns.map((name) => `:${name.replaceAll('"', "")}`);
  return `INSERT INTO ${kind} (${columns.join(", ")}) VALUES (${values.join(", ")}) ON CONFLICT (id) DO NOTHING`;
}

function saveSql(kind: Kind, asOwner: boolean, setsDueAt: boolean, release: boolean): string {
  const sets = [
    `version = version + 1`,
    `"by" = :by`,
    `eventSeq = eventSeq + :told`,
    `stateAt = CASE state WHEN :state THEN stateAt ELSE :at END`,
    ...(setsDueAt ? ["dueAt = :dueAt"] : []),
    ...(release ? ["owner = NULL", "leaseUntil = 0", "strikes = 0"] : []),
    ...bodyColumns(kind).map((name) => `${name} = :${name}`),
  ];
  const claim = asOwner ? "AND claim = :claim" : "";
  return `UPDATE ${kind} SET ${sets.join(", ")} WHERE id = :id AND version = :version ${claim} RETURNING ${ROW_COLUMNS}`;
}

function holding<T>(doc: DocOf[Kind], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!violatesUnique(error, "task", "holds")) throw error;
    throw new JobAlreadyHeld(doc.id, (doc as TaskDoc).holds, { cause: error });
  }
}
