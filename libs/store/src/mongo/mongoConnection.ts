import {
  MongoClient,
  ReadConcern,
  ReadPreference,
  WriteConcern,
  type Collection,
  type Db,
  type Document,
} from "mongodb";
import { StoreUnavailable, type Clock } from "@granary/domain";
import { redact, toStoreError } from "./mongoErrors.ts";
import { serverClock } from "./serverClock.ts";

/** So that a database that is gone is soon known to be. */
const SELECTION_MS = 5_000;
/** No answer of ours takes that long; the connection is then given up, and what was asked is unknown. */
const ANSWER_MS = 30_000;
/** For a majority of the members to have written it to their journals. */
const MAJORITY_MS = 10_000;
const QUEUE_MS = 10_000;
const CONNECTIONS = 20;
/** How many single writes of one bulk are under way at a time. */
const AT_ONCE = 10;

/** A document as the database holds it. All ids are ours, and are strings. */
export interface Stored extends Document {
  readonly _id: string;
}

export function idOf({ _id: id }: Pick<Stored, "_id">): string {
  return id;
}

export interface MongoConnection {
  readonly db: Db;
  collection(name: string): Collection<Stored>;
  /** The database's own time. */
  now(): Promise<number>;
  /** Does `work`; whatever the driver throws becomes an error of the port. `what` names it for people. */
  ask<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** The same for each of many, some at a time; answers in their order. */
  each<A, T>(items: readonly A[], work: (item: A) => Promise<T>): Promise<T[]>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly uri: string;
  readonly database: string;
  readonly clock: Pick<Clock, "monotonic">;
}

/**
 * Connects and asks for the time. What the connection string says of the rules a promise rests on (write concern,
 * read concern, retries) does not count. @throws StoreUnavailable
 */
export async function openMongoConnection(options: ConnectionOptions): Promise<MongoConnection> {
  const { uri, database, clock } = options;
  const client = newClient(uri);
  // Said here, because a connection string may still have its way with the client's own options.
  const db = client.db(database, {
    readPreference: ReadPreference.primary,
    readConcern: new ReadConcern("majority"),
    writeConcern: new WriteConcern("majority", MAJORITY_MS, true),
  });
  let isClosed = false;

  function demandOpen(what: string): void {
    if (isClosed) throw new StoreUnavailable(`the connection to the database is closed (${what})`);
  }

  async function ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    demandOpen(what);
    try {
      return await work();
    } catch (error) {
      time.forget();
      throw toStoreError(error, what, uri);
    }
  }

  const time = serverClock(
    () =>
      ask("read the time", async () => {
        const { localTime } = await db.admin().command({ hello: 1 });
        return (localTime as Date).getTime();
      }),
    clock,
  );
  client.on("topologyDescriptionChanged", () => time.forget());

  const connection: MongoConnection = {
    db,
    collection: (name) => db.collection<Stored>(name),
    async now() {
      demandOpen("read the time");
      return time.now();
    },
    ask,
    each: (items, work) => inTurns(items, work),
    async close() {
      isClosed = true;
      await client.close();
    },
  };
  try {
    await ask("connect", () => client.connect());
    await time.now();
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function newClient(uri: string): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: "granary",
      maxPoolSize: CONNECTIONS,
      waitQueueTimeoutMS: QUEUE_MS,
      serverSelectionTimeoutMS: SELECTION_MS,
      connectTimeoutMS: SELECTION_MS,
      socketTimeoutMS: ANSWER_MS,
      retryReads: true,
      retryWrites: true,
      ignoreUndefined: true,
    });
  } catch (error) {
    const reason = redact(error instanceof Error ? error.message : String(error), uri);
    // Without the cause: it repeats the connection string.
    // oxlint-disable-next-line preserve-caught-error -- it holds the password
    throw new StoreUnavailable(`MONGODB_URI cannot be used: ${reason}`);
  }
}

async function inTurns<A, T>(items: readonly A[], work: (item: A) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    while (next < items.length) {
      const at = next;
      next += 1;
      try {
        answers[at] = await work(items[at] as A);
      } catch (error) {
        // Whoever asked is told of the first failure; nothing more is begun behind its back.
        next = items.length;
        throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return answers;
}
