import { setTimeout as pause } from "node:timers/promises";
import { StoreTooNew, StoreUnavailable, type Ids } from "@granary/domain";
import { closeGap, noValidatorsReason } from "./closeGap.ts";
import { examineSchema, findGaps } from "./examineSchema.ts";
import type { Migration } from "./migrations/migration.ts";
import { MIGRATIONS } from "./migrations/migrations.ts";
import type { MongoConnection } from "./mongoConnection.ts";
import {
  freeLock,
  readRecord,
  serverName,
  takeLock,
  writeRecord,
  type SchemaRecord,
} from "./schemaRecord.ts";

const LOCK_MS = 15_000;
const LOOK_MS = 100;
/** Building indexes over a large collection takes its time. */
const PATIENCE_MS = 600_000;

export interface EnsureOptions {
  readonly ids: Ids;
  readonly warn: (message: string) => void;
  /** How far to go; all steps where absent. */
  readonly steps?: readonly Migration[];
  readonly lockMs?: number;
}

/**
 * Brings the database to the wanted version, and gives back what somebody has dropped. One migrator at a time holds
 * the lock, on the database's time; the others wait until the schema is ready or the lock is free. One that dies in
 * the middle leaves a lock that runs out and steps that can be begun again. @throws StoreTooNew
 */
export async function ensureSchema(db: MongoConnection, options: EnsureOptions): Promise<void> {
  const { ids, steps = MIGRATIONS, lockMs = LOCK_MS } = options;
  const owner = ids.nonce();
  const startedAt = performance.now();
  for (;;) {
    refuseNewer(await readRecord(db), steps);
    if ((await examineSchema(db, steps)).missing.length === 0) return;
    const record = await takeLock(db, owner, lockMs);
    if (record) return underLock(db, owner, lockMs, () => migrate(db, record, steps, options));
    if (performance.now() - startedAt > PATIENCE_MS)
      throw new StoreUnavailable("another migration of the database does not come to an end");
    await pause(LOOK_MS);
  }
}

async function underLock(
  db: MongoConnection,
  owner: string,
  lockMs: number,
  work: () => Promise<void>,
): Promise<void> {
  // Who loses it in spite of this has only done what may be done twice.
  const renewal = setInterval(() => void takeLock(db, owner, lockMs).catch(() => undefined), lockMs / 3);
  try {
    await work();
  } finally {
    clearInterval(renewal);
    await freeLock(db, owner);
  }
}

async function migrate(
  db: MongoConnection,
  record: SchemaRecord,
  steps: readonly Migration[],
  { warn }: EnsureOptions,
): Promise<void> {
  refuseNewer(record, steps);
  const reason = await noValidatorsReason(db);
  const noValidators = reason === null ? null : { server: await serverName(db), reason };
  if (reason !== null)
    warn(
      `this database takes no validators (${reason}): that documents keep their form rests on this program alone`,
    );
  const validators = noValidators === null;
  for (let version = record.version; version < steps.length; version += 1) {
    const done = steps.slice(0, version + 1);
    for (const gap of await findGaps(db, done, { validators })) await closeGap(db, gap, validators);
    await steps[version]?.fill?.(db);
    await writeRecord(db, { version: version + 1, noValidators });
  }
  for (const gap of await findGaps(db, steps, { validators })) await closeGap(db, gap, validators);
  await writeRecord(db, { version: steps.length, noValidators });
}

function refuseNewer({ version }: SchemaRecord, steps: readonly Migration[]): void {
  if (version <= steps.length) return;
  throw new StoreTooNew(
    `the database has schema version ${version}, this program knows versions up to ${steps.length}: start the newer ` +
      "version of Granary that migrated it",
  );
}
