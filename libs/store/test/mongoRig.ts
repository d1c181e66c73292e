import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { MongoClient } from "mongodb";
import type { Store } from "@granary/domain";
import { openMongoStore } from "@granary/store";
import type { Rig } from "./contract.ts";
import { testIds } from "./documents.ts";

/** A name nobody has. */
export function newDatabase(): string {
  return `granary_test_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

/** Lets go of a test's database. */
export async function dropDatabase(uri: string, database: string): Promise<void> {
  const client = new MongoClient(uri);
  try {
    await client.db(database).dropDatabase();
  } finally {
    await client.close();
  }
}

/** Several connections to one new database of this server, which keeps the time. */
export function mongoRig(uri: string): () => Promise<Rig> {
  return async () => {
    const database = newDatabase();
    const opened: Store[] = [];
    async function open(): Promise<Store> {
      const store = await openMongoStore({ uri, database, ids: testIds });
      opened.push(store);
      return store;
    }
    return {
      store: await open(),
      second: open,
      later: (ms) => pause(ms),
      async close() {
        for (const store of opened) await store.close();
        await dropDatabase(uri, database);
      },
    };
  };
}
