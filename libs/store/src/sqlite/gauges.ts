import type { Gauges, Store, SweepDoc } from "@granary/domain";
import { KINDS } from "../kinds.ts";
import type { Connection } from "./connection.ts";

const POISON_SHOWN = 100;
const HOUR_MS = 3_600_000;

/** What metrics ask for: every number from one state of the store. */
export function gauges(db: Connection, now: () => number): Pick<Store, "gauges"> {
  return { gauges: () => db.snapshot(() => gaugesOf(db, now())) };
}

function gaugesOf(db: Connection, at: number): Gauges {
  return {
    tasks: db.all(
      `SELECT account, state, COUNT(*) AS count, MIN(stateAt) AS oldestAt FROM task
       GROUP BY account, state ORDER BY account, state`,
    ),
    requests: db.all(
      "SELECT state, COUNT(*) AS count, MIN(stateAt) AS oldestAt FROM request GROUP BY state ORDER BY state",
    ),
    running: db.all(
      `SELECT account, model, COUNT(*) AS count, MIN(stateAt) AS oldestAt FROM task
       WHERE state = 'running' GROUP BY account, model ORDER BY account, model`,
    ),
    slicesOpen: one(db.all<{ count: number }>("SELECT COUNT(*) AS count FROM slice WHERE state <> 'settled'"))
      .count,
    overdue: KINDS.flatMap((kind) =>
      db
        .all<Omit<Gauges["overdue"][number], "kind">>(
          `SELECT duty, account, COUNT(*) AS count, MIN(dueAt) AS oldestDueAt FROM ${kind}
           WHERE duty IS NOT NULL AND dueAt <= :at AND leaseUntil <= :at
           GROUP BY duty, account ORDER BY duty, account`,
          { at },
        )
        .map((row) => ({ kind, ...row })),
    ),
    nearExpiry: db.all(
      `SELECT account, COUNT(*) AS count FROM task
       WHERE state = 'running' AND body ->> '$.view.expiresAt' <= :soon GROUP BY account ORDER BY account`,
      { soon: at + HOUR_MS },
    ),
    sweeps: db.all<{ body: string }>("SELECT body FROM sweep ORDER BY id").map(({ body }) => {
      const { account, seq, orphans, foreign } = JSON.parse(body) as SweepDoc;
      return { account, seq, orphans: orphans.length, foreignJobs: foreign.jobs };
    }),
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

/** The row of a query that always has one. */
function one<R>(rows: readonly R[]): R {
  const [row] = rows;
  if (row === undefined) throw new Error("a sum gave no row");
  return row;
}
