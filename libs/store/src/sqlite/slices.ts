import {
  addCosts,
  addCounts,
  addUsage,
  NO_COUNTS,
  NO_USAGE,
  type Counts,
  type PoolLine,
  type Slice,
  type SliceMove,
  type Store,
  type Usage,
} from "@granary/domain";
import type { Connection, Values } from "./connection.ts";

type Slices = Pick<
  Store,
  | "insertSlices"
  | "moveSlices"
  | "settleSlices"
  | "repriceSlices"
  | "loadSlices"
  | "pools"
  | "pendingSlices"
  | "slicesOf"
  | "hasOpenSlice"
  | "removeSlices"
  | "sumSlices"
  | "backlog"
>;

/** A slice with what is never looked for as JSON. */
interface SliceRow extends Omit<Slice, "members" | "counts" | "usage"> {
  readonly members: string;
  readonly counts: string | null;
  readonly usage: string | null;
}

const COLUMNS = `id, request, source, account, poolKey, priority, deadlineAt, acceptedAt, attempts, lines, bytes, tokens,
  estimateMicros, systemKey, state, notBefore, taskId, endedBy, cutBy, costMicros, counts, usage, members`;
const SELECT = `SELECT ${COLUMNS} FROM slice`;
const INSERT = `INSERT INTO slice (${COLUMNS}) VALUES (${COLUMNS.replaceAll(/\w+/g, ":$&")}) ON CONFLICT (id) DO NOTHING`;
const MOVABLE = ["taskId", "endedBy", "cutBy", "poolKey", "notBefore"] as const;

/** The slices: moved by guarded bulks, each row on its own. */
export function slices(db: Connection, now: () => number): Slices {
  return {
    insertSlices: (added) =>
      db.transaction(() => {
        for (const slice of added) db.run(INSERT, toRow(slice));
      }),

    moveSlices: (move) =>
      db.transaction(() => {
        const { sql, values } = moveStatement(move);
        return db.all<{ id: string }>(sql, values).map(({ id }) => id);
      }),

    settleSlices: (rows) =>
      db.transaction(() => {
        for (const { id, counts, costMicros, usage, cutBy } of rows)
          db.run(
            `UPDATE slice SET state = 'settled', counts = :counts, costMicros = :costMicros, usage = :usage, cutBy = :cutBy
             WHERE id = :id AND state IN ('harvesting', 'ending')`,
            { id, counts: JSON.stringify(counts), costMicros, usage: JSON.stringify(usage), cutBy },
          );
      }),

    repriceSlices: (rows) =>
      db.transaction(() => {
        for (const { id, fromMicros, costMicros } of rows)
          db.run(
            `UPDATE slice SET costMicros = :costMicros
             WHERE id = :id AND state = 'settled' AND costMicros IS :fromMicros`,
            { id, fromMicros, costMicros },
          );
      }),

    loadSlices: (ids) =>
      db.once(() =>
        db
          .all<SliceRow>(`${SELECT} WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY id`, {
            ids: JSON.stringify(ids),
          })
          .map(toSlice),
      ),

    pools: (account) =>
      db.once(() =>
        db.all<PoolLine>(
          `SELECT poolKey, source, COUNT(*) AS slices, SUM(lines) AS lines, SUM(bytes) AS bytes,
             SUM(tokens) AS tokens, MAX(priority) AS topPriority, MIN(acceptedAt) AS oldestAt,
             MIN(CASE WHEN notBefore > :at THEN notBefore END) AS nextAt
           FROM slice WHERE account = :account AND state = 'pending'
           GROUP BY poolKey, source ORDER BY poolKey, source`,
          { account, at: now() },
        ),
      ),

    pendingSlices: (poolKey, source, limit) =>
      db.once(() =>
        db
          .all<SliceRow>(
            `${SELECT} WHERE poolKey = :poolKey AND source = :source AND state = 'pending' AND notBefore <= :at
             ORDER BY priority DESC, acceptedAt, systemKey, id LIMIT :limit`,
            { poolKey, source, limit, at: now() },
          )
          .map(toSlice),
      ),

    slicesOf: (which, { after = "", limit }) =>
      db.once(() => {
        const rows =
          "taskId" in which
            ? db.all<SliceRow>(`${SELECT} WHERE taskId = :taskId AND id > :after ORDER BY id LIMIT :limit`, {
                taskId: which.taskId,
                after,
                limit,
              })
            : db.all<SliceRow>(
                `${SELECT} WHERE request = :request AND id > :after ${openness(which.open)} ORDER BY id LIMIT :limit`,
                { request: which.request, after, limit },
              );
        return rows.map(toSlice);
      }),

    removeSlices: (request, limit) =>
      db.transaction(() =>
        db.run(
          `DELETE FROM slice WHERE id IN
             (SELECT id FROM slice WHERE request = :request AND state = 'settled' ORDER BY id LIMIT :limit)`,
          { request, limit },
        ),
      ),

    hasOpenSlice: (request) =>
      db.once(
        () =>
          db.get("SELECT id FROM slice WHERE request = :request AND state <> 'settled' ORDER BY id LIMIT 1", {
            request,
          }) !== undefined,
      ),

    sumSlices: (request) =>
      db.once(() => {
        const rows = db.all<Pick<SliceRow, "counts" | "costMicros" | "usage" | "cutBy">>(
          "SELECT counts, costMicros, usage, cutBy FROM slice WHERE request = :request AND state = 'settled'",
          { request },
        );
        return {
          counts: rows.map(({ counts }) => countsOf(counts) ?? NO_COUNTS).reduce(addCounts, NO_COUNTS),
          costMicros: rows.map(({ costMicros }) => costMicros).reduce<number | null>(addCosts, 0),
          usage: rows.map(({ usage }) => usageOf(usage) ?? NO_USAGE).reduce(addUsage, NO_USAGE),
          cutByUs: rows.some(({ cutBy }) => cutBy !== null),
        };
      }),

    backlog: (sources) =>
      db.once(() => {
        const rows = db.all<{ source: string; lines: number }>(
          `SELECT source, SUM(lines) AS lines FROM slice
           WHERE source IN (SELECT value FROM json_each(:sources)) AND state <> 'settled' GROUP BY source`,
          { sources: JSON.stringify(sources) },
        );
        const lines = new Map(rows.map((row) => [row.source, row.lines]));
        return Object.fromEntries(sources.map((source) => [source, lines.get(source) ?? 0]));
      }),
  };
}

function moveStatement({ which, ofTask, from, to, set = {} }: SliceMove): { sql: string; values: Values } {
  const changed = MOVABLE.filter((name) => set[name] !== undefined);
  const sets = ["state = :to", ...changed.map((name) => `${name} = :${name}`)];
  const guards = [
    "ids" in which ? "id IN (SELECT value FROM json_each(:ids))" : "taskId = :whole",
    "state IN (SELECT value FROM json_each(:from))",
    ...(ofTask === undefined ? [] : ["taskId = :ofTask"]),
  ];
  return {
    sql: `UPDATE slice SET ${sets.join(", ")} WHERE ${guards.join(" AND ")} RETURNING id`,
    values: {
      to,
      from: JSON.stringify(from),
      ...("ids" in which ? { ids: JSON.stringify(which.ids) } : { whole: which.taskId }),
      ...(ofTask === undefined ? {} : { ofTask }),
      ...Object.fromEntries(changed.map((name) => [name, set[name] ?? null])),
    },
  };
}

function openness(open: boolean | undefined): string {
  if (open === undefined) return "";
  return open ? "AND state <> 'settled'" : "AND state = 'settled'";
}

function toRow(slice: Slice): Values {
  return {
    ...slice,
    members: JSON.stringify(slice.members),
    counts: slice.counts && JSON.stringify(slice.counts),
    usage: slice.usage && JSON.stringify(slice.usage),
  };
}

function toSlice(row: SliceRow): Slice {
  return {
    ...row,
    members: JSON.parse(row.members) as Slice["members"],
    counts: countsOf(row.counts),
    usage: usageOf(row.usage),
  };
}

function countsOf(text: string | null): Counts | null {
  return text === null ? null : (JSON.parse(text) as Counts);
}

function usageOf(text: string | null): Usage | null {
  return text === null ? null : (JSON.parse(text) as Usage);
}
