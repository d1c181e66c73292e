import type { Clock, Ids, Store } from "@granary/domain";
import { claims } from "./claims.ts";
import { openConnection } from "./connection.ts";
import { deadLetters } from "./deadLetters.ts";
import { documents } from "./documents.ts";
import { ensureSchema } from "./ensureSchema.ts";
import { examineSchema } from "./examineSchema.ts";
import { gate } from "./gate.ts";
import { gauges } from "./gauges.ts";
import { outbox } from "./outbox.ts";
import { outcomes } from "./outcomes.ts";
import { queries } from "./queries.ts";
import { slices } from "./slices.ts";
import { usage } from "./usage.ts";

/** How long a method waits for other writers before it says that the store does not answer. */
const PATIENCE_MS = 10_000;

export interface SqliteStoreOptions {
  /** The file, made with its folder where it is missing; `:memory:` for a store of this object alone. */
  readonly path: string;
  /** Every process on the file must share this wall clock: leases and due times are compared on it. */
  readonly clock: Pick<Clock, "now">;
  readonly ids: Ids;
  /** Keep a copy of an older file as `<path>.v<version>-<instant>` before it is migrated. Default true. */
  readonly backupOlder?: boolean;
  /** How long a method waits while other processes write, in milliseconds. Default 10 s. */
  readonly patienceMs?: number;
}

export interface SqliteStore extends Store {
  /** A number that changes when another connection has written: the doorbell between processes on one file. */
  dataVersion(): number;
}

/**
 * The store in one SQLite file, for any number of processes on one machine. Every method is one transaction; on
 * `:memory:` each settles without a timer. Call `ensure()` first.
 * @throws StoreUnavailable where the file cannot be opened
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { path, clock, ids, backupOlder = true, patienceMs = PATIENCE_MS } = options;
  const db = openConnection(path, patienceMs);
  const now = () => clock.now();
  return {
    ensure: () => ensureSchema(db, { now, backupOlder }),
    schema: () => db.snapshot(() => examineSchema(db)),
    now: () => db.once(now),
    ...documents(db, now, ids),
    ...claims(db, now, ids),
    ...slices(db, now),
    ...outcomes(db),
    ...usage(db, now),
    ...gate(db, now),
    ...outbox(db),
    ...deadLetters(db),
    ...queries(db),
    ...gauges(db, now),
    dataVersion: () => db.get<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0,
    close: async () => db.close(),
  };
}
