import { endedRequests } from "./endedRequests.ts";
import { first } from "./first.ts";
import type { CollectionChange, Migration, WantedIndex } from "./migration.ts";

/** The step at index n leads from version n to n + 1. A change is a new step at the end. */
export const MIGRATIONS: readonly Migration[] = [first, endedRequests];

export interface WantedCollection {
  readonly name: string;
  readonly indexes: readonly WantedIndex[];
  readonly schema: object | null;
}

/** What is there once these steps are done. */
export function wantedCollections(steps: readonly Migration[]): readonly WantedCollection[] {
  const wanted = new Map<string, WantedCollection>();
  for (const { collections } of steps)
    for (const [name, change] of Object.entries(collections))
      wanted.set(name, merged(wanted.get(name) ?? { name, indexes: [], schema: null }, change));
  return [...wanted.values()];
}

function merged(there: WantedCollection, { indexes = [], schema }: CollectionChange): WantedCollection {
  return { ...there, indexes: [...there.indexes, ...indexes], schema: schema ?? there.schema };
}
