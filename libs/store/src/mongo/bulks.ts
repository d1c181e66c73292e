import { MongoBulkWriteError, type AnyBulkWriteOperation, type Collection, type Filter } from "mongodb";
import type { Stored } from "./mongoConnection.ts";
import { isDuplicateWrite } from "./mongoErrors.ts";

/** Documents a command. */
const CHUNK = 500;

/** Cuts a list into pieces of at most `size`. */
export function chunksOf<T>(items: readonly T[], size = CHUNK): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}

/** Inserts those that no unique index refuses; answers the places in the list of those that one did. */
export async function insertNew(
  collection: Collection<Stored>,
  docs: readonly Stored[],
): Promise<ReadonlySet<number>> {
  const refused = new Set<number>();
  for (const [at, chunk] of chunksOf(docs).entries())
    try {
      await collection.insertMany(chunk, { ordered: false });
    } catch (error) {
      for (const index of duplicatesOf(error)) refused.add(at * CHUNK + index);
    }
  return refused;
}

/** Writes that do not depend on each other. */
export async function writeAll(
  collection: Collection<Stored>,
  writes: readonly AnyBulkWriteOperation<Stored>[],
): Promise<void> {
  for (const chunk of chunksOf(writes)) await collection.bulkWrite(chunk, { ordered: false });
}

/** Reads by id, in no order. */
export async function findByIds(
  collection: Collection<Stored>,
  ids: readonly string[],
  filter: Filter<Stored> = {},
): Promise<Stored[]> {
  const found: Stored[] = [];
  for (const chunk of chunksOf([...new Set(ids)]))
    found.push(...(await collection.find({ ...filter, _id: { $in: chunk } }).toArray()));
  return found;
}

/** @throws the error itself where anything else than a unique index had a say in it */
function duplicatesOf(error: unknown): readonly number[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
  const failed = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  if (failed.length === 0 || failed.some((each) => !isDuplicateWrite(each))) throw error;
  return failed.map(({ index }) => index);
}
