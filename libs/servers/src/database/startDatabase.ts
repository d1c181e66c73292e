import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../freePort.ts";
import { serverProcess } from "../serverProcess.ts";
import { databaseGreeting } from "./askDatabase.ts";
import { DATABASE_KINDS, type DatabaseKind } from "./databaseKinds.ts";
import { databaseHint, findDatabases, type FoundDatabase } from "./findDatabases.ts";

const START_MS = 60_000;

/** What starting a database server takes. */
export interface StartDatabaseOptions {
  /** Where its data and its log lie; made where it is missing. */
  readonly folder: string;
  /** Any free one where it is left out. */
  readonly port?: number;
  /** The one to start; the best that is found where it is left out. */
  readonly server?: FoundDatabase;
}

/** A database server of our own, stopped by its process id when it is disposed of, or when this process ends. */
export interface RunningDatabase extends AsyncDisposable {
  readonly kind: DatabaseKind;
  readonly version: string;
  readonly title: string;
  readonly from: string;
  /** A connection string; there are no credentials in it. */
  readonly uri: string;
  /** The process id; another one after each start. */
  readonly pid: number;
  /** Resolves when the process has ended. */
  kill(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Starts it again on the same port and folder, after stopping it where it still runs. */
  restart(): Promise<void>;
}

/**
 * Starts a database server on 127.0.0.1 and resolves when it takes writes.
 * @throws Error with what was tried where there is none, or with the end of its log where it does not start
 */
export async function startDatabase({
  folder,
  port,
  server,
}: StartDatabaseOptions): Promise<RunningDatabase> {
  const { kind, path, version, title, from } = server ?? (await anyServer());
  const { prepare, settle, query = "" } = DATABASE_KINDS[kind];
  const chosen = port ?? (await freePort());
  const logPath = join(folder, `${kind}.log`);
  await mkdir(folder, { recursive: true });
  const child = serverProcess({
    ...(await prepare(path, folder, chosen)),
    title,
    cwd: folder,
    logPath,
    startMs: START_MS,
    async greet() {
      await settle?.(chosen);
      await databaseGreeting(chosen);
    },
  });
  await child.start();
  return {
    kind,
    version,
    title,
    from,
    uri: `mongodb://127.0.0.1:${chosen}/${query}`,
    get pid() {
      return child.pid;
    },
    kill: child.stop,
    async restart() {
      await child.stop("SIGTERM");
      await child.start();
    },
    [Symbol.asyncDispose]: () => child.stop("SIGTERM"),
  };
}

async function anyServer(): Promise<FoundDatabase> {
  const databases = await findDatabases({ environment: { ...process.env, MONGODB_URI: "" } });
  const [server] = databases.found;
  if (!server || server.kind === "given") throw new Error(databaseHint(databases));
  return server;
}
