import type { Kind, Store } from "@granary/domain";
import type { Connection, Values } from "./connection.ts";
import { ROW_COLUMNS, toDocument, type DocumentRow } from "./documentRow.ts";

/** As its index has it. */
const ENDED_AT = "body ->> '$.endedAt'";

/** What people ask for. */
export function queries(db: Connection): Pick<Store, "requests" | "endedRequests" | "tasks"> {
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

    endedRequests: ({ source, endedBy }, { after = { endedAt: -1, id: "" }, limit }) =>
      db.once(() =>
        db
          .all<DocumentRow>(
            `SELECT ${ROW_COLUMNS} FROM request
             WHERE state = 'ended' AND ${ENDED_AT} <= :endedBy AND (${ENDED_AT}, id) > (:endedAt, :id)
               ${source === undefined ? "" : "AND source = :source"}
             ORDER BY ${ENDED_AT}, id LIMIT :limit`,
            given({ endedBy, source, limit, endedAt: after.endedAt, id: after.id }),
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
