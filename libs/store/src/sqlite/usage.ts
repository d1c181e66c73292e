import type { AccountUsage, Store, SweepDoc } from "@granary/domain";
import type { Connection } from "./connection.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const AT_PROVIDER = "('submitting', 'unknown', 'running')";
const UNDER_WAY = "('submitting', 'unknown', 'running', 'harvesting', 'settling')";

/** What an account has under way, out of the tasks as they stand. */
export function usage(db: Connection, now: () => number): Pick<Store, "usage"> {
  return {
    usage: (account) =>
      db.snapshot(() => {
        const at = now();
        const dayStart = at - (at % DAY_MS);
        const byModel = modelsOf(db, account);
        const spentBySource = sourcesOf(db, account, dayStart);
        return {
          jobs: Object.values(byModel).reduce((sum, { jobs }) => sum + jobs, 0),
          byModel,
          createsLastMinute: numberOf(
            db,
            "SELECT COUNT(*) AS value FROM task WHERE account = :account AND createAt > :since",
            { account, since: at - MINUTE_MS },
          ),
          spentMicros:
            numberOf(
              db,
              "SELECT SUM(spentMicros) AS value FROM task WHERE account = :account AND endedAt >= :dayStart",
              { account, dayStart },
            ) +
            numberOf(
              db,
              `SELECT SUM(estimateMicros) AS value FROM task WHERE account = :account AND state IN ${UNDER_WAY}`,
              { account },
            ),
          spentBySource,
          oldestOpenAt:
            db.get<{ value: number | null }>(
              `SELECT MIN(openedAt) AS value FROM task WHERE account = :account AND state IN ${AT_PROVIDER}`,
              { account },
            )?.value ?? null,
          foreign: foreignOf(db, account),
        };
      }),
  };
}

function modelsOf(db: Connection, account: string): AccountUsage["byModel"] {
  const rows = db.all<{ model: string; jobs: number; tokens: number; submitting: number }>(
    `SELECT model, COUNT(*) AS jobs, SUM(tokens) AS tokens, SUM(state = 'submitting') AS submitting
     FROM task WHERE account = :account AND state IN ${AT_PROVIDER} GROUP BY model ORDER BY model`,
    { account },
  );
  return Object.fromEntries(rows.map(({ model, ...numbers }) => [model, numbers]));
}

/** Estimates of what is under way as planned for each source; what an ended task cost, by each source's lines. */
function sourcesOf(db: Connection, account: string, dayStart: number): AccountUsage["spentBySource"] {
  const rows = db.all<{ source: string; micros: number | null }>(
    `SELECT source, ROUND(SUM(micros)) AS micros FROM (
       SELECT part.key AS source, part.value ->> '$.estimateMicros' AS micros
       FROM task, json_each(task.bySource) AS part
       WHERE account = :account AND state IN ${UNDER_WAY}
       UNION ALL
       SELECT part.key, 1.0 * spentMicros * (part.value ->> '$.lines') / MAX(lines, 1)
       FROM task, json_each(task.bySource) AS part
       WHERE account = :account AND endedAt >= :dayStart
     ) GROUP BY source ORDER BY source`,
    { account, dayStart },
  );
  return Object.fromEntries(rows.map(({ source, micros }) => [source, micros ?? 0]));
}

function foreignOf(db: Connection, account: string): AccountUsage["foreign"] {
  const row = db.get<{ body: string }>("SELECT body FROM sweep WHERE id = :account", { account });
  return row ? (JSON.parse(row.body) as SweepDoc).foreign : { jobs: 0, lines: 0 };
}

function numberOf(db: Connection, sql: string, values: Record<string, string | number>): number {
  return db.get<{ value: number | null }>(sql, values)?.value ?? 0;
}
