import { MongoServerError } from "mongodb";
import type { Gap } from "./examineSchema.ts";
import type { WantedCollection } from "./migrations/migrations.ts";
import type { MongoConnection } from "./mongoConnection.ts";
import { isNotSupported } from "./mongoErrors.ts";

const NAMESPACE_EXISTS = 48;

/** Makes what is missing, and makes anew what is another. Repeatable. */
export async function closeGap(db: MongoConnection, gap: Gap, validators: boolean): Promise<void> {
  const { collection, index, differs } = gap;
  if (index) {
    if (differs) await db.collection(collection.name).dropIndex(index.name);
    await addIndexes(db, collection, [index]);
    return;
  }
  await addCollection(db, collection.name);
  await addIndexes(db, collection, collection.indexes);
  if (validators && collection.schema)
    await db.db.command({
      collMod: collection.name,
      validator: { $jsonSchema: collection.schema },
      validationLevel: "strict",
      validationAction: "error",
    });
}

/** What the server says where it does not take validators; null where it takes them. */
export async function noValidatorsReason(db: MongoConnection): Promise<string | null> {
  await addCollection(db, "meta");
  try {
    await db.db.command({
      collMod: "meta",
      validator: { $jsonSchema: { bsonType: "object", required: ["version"] } },
      validationLevel: "strict",
    });
    return null;
  } catch (error) {
    if (!isNotSupported(error)) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

async function addCollection(db: MongoConnection, name: string): Promise<void> {
  try {
    await db.db.createCollection(name);
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== NAMESPACE_EXISTS) throw error;
  }
}

async function addIndexes(
  db: MongoConnection,
  { name }: WantedCollection,
  indexes: WantedCollection["indexes"],
): Promise<void> {
  if (indexes.length > 0) await db.collection(name).createIndexes(indexes.map((index) => ({ ...index })));
}
