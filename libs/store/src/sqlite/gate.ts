import type { Gate, Store } from "@granary/domain";
import type { Connection } from "./connection.ts";

interface GateRow {
  readonly version: number;
  readonly grantedTask: string | null;
  readonly grantedAt: number | null;
  readonly instance: string;
  readonly epoch: number;
}

const COLUMNS = "version, grantedTask, grantedAt, instance, epoch";

/** The one row that serialises admission. */
export function gate(db: Connection, now: () => number): Pick<Store, "gate" | "grant" | "setEpoch"> {
  return {
    gate: (instanceIfNew) =>
      db.transaction(() => {
        db.run(
          `INSERT INTO gate (one, ${COLUMNS}) VALUES (1, 1, NULL, NULL, :instance, :epoch) ON CONFLICT (one) DO NOTHING`,
          { instance: instanceIfNew, epoch: now() },
        );
        const row = db.get<GateRow>(`SELECT ${COLUMNS} FROM gate`);
        if (!row) throw new Error("the gate is gone");
        return toGate(row);
      }),

    grant: (version, grant) =>
      db.transaction(() => {
        const row = db.get<GateRow>(
          `UPDATE gate SET version = version + 1, grantedTask = :taskId, grantedAt = :at
           WHERE version = :version RETURNING ${COLUMNS}`,
          { version, taskId: grant?.taskId ?? null, at: grant?.at ?? null },
        );
        return row ? toGate(row) : null;
      }),

    setEpoch: (epoch) =>
      db.transaction(() => {
        // Not a matter of admission: the version stays, so that no grant fails for it.
        db.run("UPDATE gate SET epoch = :epoch WHERE epoch < :epoch", { epoch });
      }),
  };
}

function toGate({ version, grantedTask, grantedAt, instance, epoch }: GateRow): Gate {
  const grant = grantedTask === null || grantedAt === null ? null : { taskId: grantedTask, at: grantedAt };
  return { version, grant, instance, epoch };
}
