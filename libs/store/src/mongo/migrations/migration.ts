import type { MongoConnection } from "../mongoConnection.ts";

/** An index, by the name it is compared under. */
export interface WantedIndex {
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: true;
  /** Documents without the field are not in it. */
  readonly sparse?: true;
}

/** What a step adds to a collection. */
export interface CollectionChange {
  readonly indexes?: readonly WantedIndex[];
  /** A `$jsonSchema`; it replaces the one before, and may only allow more. */
  readonly schema?: object;
}

/**
 * A step from one version to the next. It only ever adds, so that the version before runs on beside it, and it may be
 * begun again anywhere. One that was ever released is never edited.
 */
export interface Migration {
  readonly collections: Readonly<Record<string, CollectionChange>>;
  /** Fills what the step added in documents that are there already. Repeatable, in pieces. */
  readonly fill?: (db: MongoConnection) => Promise<void>;
}
