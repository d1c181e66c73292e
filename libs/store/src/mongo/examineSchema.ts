import type { Document } from "mongodb";
import type { SchemaState } from "@granary/domain";
import { canonicalJson } from "@granary/domain";
import { MIGRATIONS, wantedCollections, type WantedCollection } from "./migrations/migrations.ts";
import type { Migration, WantedIndex } from "./migrations/migration.ts";
import type { MongoConnection } from "./mongoConnection.ts";
import { readRecord, serverName } from "./schemaRecord.ts";

/** Something that is not as it has to be, told in a sentence. */
export interface Gap {
  readonly collection: WantedCollection;
  /** The index it is about; of a validator, or of the collection itself, absent. */
  readonly index?: WantedIndex;
  /** There is something of this name, and it is another. */
  readonly differs: boolean;
  readonly sentence: string;
}

/** Compares what the server says it has with what is wanted; more than is wanted does no harm. */
export async function examineSchema(
  db: MongoConnection,
  steps: readonly Migration[] = MIGRATIONS,
): Promise<SchemaState> {
  const { version: found, noValidators } = await readRecord(db);
  const wanted = steps.length;
  const version =
    found === wanted ? [] : [`the schema has version ${found}, this program wants version ${wanted}`];
  const isExcused = noValidators !== null && noValidators.server === (await serverName(db));
  const gaps = await findGaps(db, steps, { validators: !isExcused });
  return { found, wanted, missing: [...version, ...gaps.map(({ sentence }) => sentence)] };
}

/** Every collection, index and validator that is not as it has to be. */
export async function findGaps(
  db: MongoConnection,
  steps: readonly Migration[],
  { validators }: { readonly validators: boolean },
): Promise<readonly Gap[]> {
  const there = await db.db.listCollections().toArray();
  const byName = new Map(there.map((info) => [info.name, info as Document]));
  const gaps: Gap[] = [];
  for (const collection of wantedCollections(steps)) {
    const info = byName.get(collection.name);
    if (!info) {
      const sentence = `the collection ${collection.name} is missing`;
      gaps.push({ collection, differs: false, sentence });
      continue;
    }
    gaps.push(...(await indexGaps(db, collection)));
    if (validators && collection.schema) gaps.push(...validatorGaps(collection, info["options"] ?? {}));
  }
  return gaps;
}

async function indexGaps(db: MongoConnection, collection: WantedCollection): Promise<readonly Gap[]> {
  const { name } = collection;
  const there = new Map((await db.collection(name).listIndexes().toArray()).map((each) => [each.name, each]));
  return collection.indexes.flatMap((index): readonly Gap[] => {
    const found = there.get(index.name);
    if (!found) {
      const sentence = `the index ${index.name} of ${name} is missing`;
      return [{ collection, index, differs: false, sentence }];
    }
    // The order of the fields is what makes an index, so no canonical form here.
    const same = JSON.stringify(found.key) === JSON.stringify(index.key);
    if (same && Boolean(found.unique) === Boolean(index.unique) && !found.partialFilterExpression) return [];
    const sentence = `the index ${index.name} of ${name} is not as it has to be`;
    return [{ collection, index, differs: true, sentence }];
  });
}

function validatorGaps(collection: WantedCollection, options: Document): readonly Gap[] {
  const { validator, validationLevel = "strict", validationAction = "error" } = options;
  if (!validator || Object.keys(validator).length === 0)
    return [{ collection, differs: false, sentence: `the validator of ${collection.name} is missing` }];
  const same = canonicalJson(validator) === canonicalJson({ $jsonSchema: collection.schema });
  if (same && validationLevel === "strict" && validationAction === "error") return [];
  return [
    { collection, differs: true, sentence: `the validator of ${collection.name} is not as it has to be` },
  ];
}
