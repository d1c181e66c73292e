import {
  decideOutcome,
  NO_COUNTS,
  outcomeId,
  type Counts,
  type FailureReason,
  type Outcome,
  type OutcomeStatus,
  type Store,
} from "@granary/domain";
import type { Connection, Values } from "./connection.ts";

type Outcomes = Pick<Store, "putOutcomes" | "outcomes" | "countOutcomes" | "removeOutcomes">;

interface OutcomeRow {
  readonly request: string;
  readonly ordinal: number;
  readonly status: OutcomeStatus;
  readonly reason: FailureReason | null;
  readonly revision: number;
  readonly body: string;
}

const COLUMNS = "request, ordinal, status, reason, revision, body";
const INSERT = `INSERT INTO outcome (${COLUMNS}) VALUES (:request, :ordinal, :status, :reason, :revision, :body)
  ON CONFLICT (request, ordinal) DO NOTHING`;
const REPLACE = `UPDATE outcome SET status = :status, reason = :reason, revision = :revision, body = :body
  WHERE request = :request AND ordinal = :ordinal`;
const FIND = `SELECT ${COLUMNS} FROM outcome WHERE request = :request AND ordinal = :ordinal`;

/** How items ended: one row an item, the first of a revision stands. */
export function outcomes(db: Connection): Outcomes {
  function put(row: Outcome): "inserted" | "different" | "kept" {
    if (db.run(INSERT, toRow(row)) === 1) return "inserted";
    const { request, ordinal } = row;
    const found = db.get<OutcomeRow>(FIND, { request, ordinal });
    const decision = decideOutcome(found && toOutcome(found), row);
    if (decision === "replace") db.run(REPLACE, toRow(row));
    return decision === "different" ? "different" : "kept";
  }

  return {
    putOutcomes: (rows) =>
      db.transaction(() => {
        let inserted = 0;
        const different: string[] = [];
        for (const row of rows) {
          const done = put(row);
          if (done === "inserted") inserted += 1;
          if (done === "different") different.push(outcomeId(row.request, row.ordinal));
        }
        return { inserted, different };
      }),

    outcomes: (request, { after = -1, limit, status }) =>
      db.once(() =>
        db
          .all<OutcomeRow>(
            `SELECT ${COLUMNS} FROM outcome WHERE request = :request AND ordinal > :after
             ${status === undefined ? "" : "AND status = :status"} ORDER BY ordinal LIMIT :limit`,
            { request, after, limit, ...(status === undefined ? {} : { status }) },
          )
          .map(toOutcome),
      ),

    removeOutcomes: (request, limit) =>
      db.transaction(() =>
        db.run(
          `DELETE FROM outcome WHERE request = :request AND ordinal IN
             (SELECT ordinal FROM outcome WHERE request = :request ORDER BY ordinal LIMIT :limit)`,
          { request, limit },
        ),
      ),

    countOutcomes: (request) =>
      db.once(() =>
        db
          .all<{ status: OutcomeStatus; reason: FailureReason | null; count: number }>(
            "SELECT status, reason, COUNT(*) AS count FROM outcome WHERE request = :request GROUP BY status, reason",
            { request },
          )
          .reduce<Counts>(
            (counts, { status, reason, count }) => ({
              ...counts,
              [status]: counts[status] + count,
              byReason: reason
                ? { ...counts.byReason, [reason]: (counts.byReason[reason] ?? 0) + count }
                : counts.byReason,
            }),
            NO_COUNTS,
          ),
      ),
  };
}

function toRow({ request, ordinal, status, reason, revision, ...body }: Outcome): Values {
  return { request, ordinal, status, reason: reason ?? null, revision, body: JSON.stringify(body) };
}

function toOutcome({ reason, body, ...row }: OutcomeRow): Outcome {
  return {
    ...(JSON.parse(body) as Omit<Outcome, "request" | "ordinal" | "status" | "reason" | "revision">),
    ...row,
    ...(reason === null ? {} : { reason }),
  };
}
