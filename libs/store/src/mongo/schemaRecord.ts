import type { MongoConnection, Stored } from "./mongoConnection.ts";
import { isDuplicate } from "./mongoErrors.ts";

const ID = "schema";

/** The one document about the schema itself: its version, who is migrating, and what the server cannot do. */
export interface SchemaRecord {
  readonly version: number;
  readonly lockedBy: string | null;
  readonly lockedUntil: number;
  /** The server that refused validators, and what it said; null where they are taken. */
  readonly noValidators: { readonly server: string; readonly reason: string } | null;
}

const NOTHING: SchemaRecord = { version: 0, lockedBy: null, lockedUntil: 0, noValidators: null };

/** Reads the record; as of an empty database where there is none. */
export async function readRecord(db: MongoConnection): Promise<SchemaRecord> {
  const stored = await db.collection("meta").findOne({ _id: ID });
  return stored ? toRecord(stored) : NOTHING;
}

/** Takes the lock for `leaseMs` where nobody has it, or prolongs it; null where somebody else has it. */
export async function takeLock(
  db: MongoConnection,
  owner: string,
  leaseMs: number,
): Promise<SchemaRecord | null> {
  const meta = db.collection("meta");
  try {
    await meta.updateOne({ _id: ID }, { $setOnInsert: NOTHING }, { upsert: true });
  } catch (error) {
    // Another one made it at the same time.
    if (!isDuplicate(error)) throw error;
  }
  const at = await db.now();
  const isFree = { $or: [{ lockedBy: owner }, { lockedUntil: { $lte: at } }] };
  const stored = await meta.findOneAndUpdate(
    { _id: ID, ...isFree },
    { $set: { lockedBy: owner, lockedUntil: at + leaseMs } },
    { returnDocument: "after" },
  );
  return stored && toRecord(stored);
}

/** Gives the lock back, where it is still the owner's. */
export async function freeLock(db: MongoConnection, owner: string): Promise<void> {
  await db
    .collection("meta")
    .updateOne({ _id: ID, lockedBy: owner }, { $set: { lockedBy: null, lockedUntil: 0 } });
}

/** Notes what was done; a version never goes back. */
export async function writeRecord(
  db: MongoConnection,
  { version, noValidators }: Pick<SchemaRecord, "version" | "noValidators">,
): Promise<void> {
  const guard = { _id: ID, version: { $lte: version } };
  await db.collection("meta").updateOne(guard, { $set: { version, noValidators } });
}

/** What the server says it is, so that what it cannot do is not held against another one. */
export async function serverName(db: MongoConnection): Promise<string> {
  const { version, gitVersion } = await db.db.admin().command({ buildInfo: 1 });
  return `${version} ${gitVersion}`;
}

function toRecord({ _id, ...record }: Stored): SchemaRecord {
  return { ...NOTHING, ...record };
}
