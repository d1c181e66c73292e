import type { Clock, Ids, Store } from "@granary/domain";
import { claims } from "./claims.ts";
import { deadLetters } from "./deadLetters.ts";
import { documents } from "./documents.ts";
import { ensureSchema } from "./ensureSchema.ts";
import { examineSchema } from "./examineSchema.ts";
import { gate } from "./gate.ts";
import { gauges } from "./gauges.ts";
import { openMongoConnection } from "./mongoConnection.ts";
import { outbox } from "./outbox.ts";
import { outboxStamps } from "./outboxEntries.ts";
import { outcomes } from "./outcomes.ts";
import { queries } from "./queries.ts";
import { signals } from "./signals.ts";
import { sliceMoves } from "./sliceMoves.ts";
import { slices } from "./slices.ts";
import { usage } from "./usage.ts";

export interface MongoStoreOptions {
  /** A connection string. Its user needs to read and write the database, and to migrate it, `dbAdmin`. */
  readonly uri: string;
  readonly database: string;
  readonly ids: Ids;
  /** Bridges the time between two looks at the database's own clock. This process's where absent. */
  readonly clock?: Pick<Clock, "monotonic">;
  /** Told in a sentence what an operator ought to know. */
  readonly warn?: (message: string) => void;
}

/**
 * Connects to a MongoDB database, for any number of processes on any number of machines. Every method is one write of
 * one document, or a bulk of such writes that do not depend on each other; leases and due times are compared on the
 * database's clock. Call `ensure()` or `demandReady` first, and `close()` in the end.
 * @throws StoreUnavailable where the database does not answer, or refuses the credentials
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const { uri, database, ids, warn = () => undefined } = options;
  const clock = options.clock ?? { monotonic: () => performance.now() };
  const db = await openMongoConnection({ uri, database, clock });
  return {
    ensure: () => db.ask("migrate", () => ensureSchema(db, { ids, warn })),
    schema: () => db.ask("examine the schema", () => examineSchema(db)),
    now: () => db.now(),
    ...documents(db, ids, outboxStamps()),
    ...claims(db, ids),
    ...signals(db, ids),
    ...slices(db),
    ...sliceMoves(db, ids),
    ...outcomes(db),
    ...usage(db),
    ...gate(db),
    ...outbox(db),
    ...deadLetters(db, ids),
    ...queries(db),
    ...gauges(db),
    close: () => db.close(),
  };
}
