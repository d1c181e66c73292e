import type { Gauges, Kind, Store } from "@granary/domain";
import type { Connection, Values } from "./connection.ts";
import { ROW_COLUMNS, toDocument, type DocumentRow } from "./documentRow.ts";

const KINDS: readonly Kind[] = ["request", "task", "account", "sweep"];
const POISON_SHOWN = 100;

/** What people and metrics ask for. */
export function queries(db: Connection, now: () => number): Pick<Store, "requests" | "tasks" | "gauges"> {
  return {
    requests: ({ source, requestId, states }, { after = "", limit }) =>
      db.once(() =>
        db
          .all<DocumentRow>(
            pageSql("request", [
              source === undefined ? "" : "source = :source",
              requestId === undefined ? "" : "requestId = :requestId",
              states ? "state IN (SELECT value FROM json_each(:states))" : "",
            ]),
            given({ after, limit, source, requestId, states: states && JSON.stringify(states) }),
          )
          .map((row) => toDocument("request", row)),
      ),

    tasks: ({ account, states, request }, { after = "", limit }) =>
      db.once(() =>
        db
          .all<DocumentRow>(
            pageSql("task", [
              account === undefined ? "" : "account = :account",
              states ? "state IN (SELECT value FROM json_each(:states))" : "",
              request === undefined
                ? ""
                : `id IN (SELECT taskId FROM slice WHERE request = :request AND taskId IS NOT NULL
                          UNION SELECT id FROM task WHERE request = :request)`,
            ]),
            given({ after, limit, account, request, states: states && JSON.stringify(states) }),
          )
          .map((row) => toDocument("task", row)),
      ),

    gauges: () => db.snapshot(() => gaugesOf(db, now())),
  };
}

function gaugesOf(db: Connection, at: number): Gauges {
  const overdue = KINDS.map((kind) => ({
    kind,
    ...one(
      db.all<{ count: number; oldestDueAt: number | null }>(
        `SELECT COUNT(*) AS count, MIN(dueAt) AS oldestDueAt FROM ${kind}
       WHERE duty IS NOT NULL AND dueAt <= :at AND leaseUntil <= :at`,
        { at },
      ),
    ),
  }));
  return {
    tasks: db.all(
      `SELECT account, state, COUNT(*) AS count, MIN(stateAt) AS oldestAt FROM task
       GROUP BY account, state ORDER BY account, state`,
    ),
    requests: db.all(
      "SELECT state, COUNT(*) AS count, MIN(stateAt) AS oldestAt FROM request GROUP BY state ORDER BY state",
    ),
    slicesOpen: one(db.all<{ count: number }>("SELECT COUNT(*) AS count FROM slice WHERE state <> 'settled'"))
      .count,
    overdue: overdue.flatMap(({ kind, count, oldestDueAt }) =>
      oldestDueAt === null ? [] : [{ kind, count, oldestDueAt }],
    ),
    outbox: one(db.all<Gauges["outbox"]>("SELECT COUNT(*) AS pending, MIN(at) AS oldestAt FROM outbox")),
    poison: KINDS.flatMap((kind) =>
      db
        .all<{ id: string; strikes: number }>(
          `SELECT id, strikes FROM ${kind} WHERE strikes >= 5 ORDER BY strikes DESC, id LIMIT ${POISON_SHOWN}`,
        )
        .map((row) => ({ kind, ...row })),
    ),
    dead: one(db.all<{ count: number }>("SELECT COUNT(*) AS count FROM dead WHERE redrivenAt IS NULL")).count,
  };
}

function pageSql(kind: Kind, guards: readonly string[]): string {
  const all = ["id > :after", ...guards.filter((guard) => guard !== "")];
  return `SELECT ${ROW_COLUMNS} FROM ${kind} WHERE ${all.join(" AND ")} ORDER BY id LIMIT :limit`;
}

function given(values: Readonly<Record<string, string | number | undefined>>): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** The row of a query that always has one. */
function one<R>(rows: readonly R[]): R {
  const [row] = rows;
  if (row === undefined) throw new Error("a sum gave no row");
  return row;
}
