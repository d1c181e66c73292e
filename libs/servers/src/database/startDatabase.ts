import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../freePort.ts";
import { outlivedBy } from "../outlivedBy.ts";
import { databaseGreeting } from "./askDatabase.ts";
import { DATABASE_KINDS, type DatabaseKind } from "./databaseKinds.ts";
import { databaseHint, findDatabases, type FoundDatabase } from "./findDatabases.ts";

const START_MS = 60_000;
const STOP_MS = 10_000;
const LOOK_MS = 30;

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
  const { program, args, env = {} } = await prepare(path, folder, chosen);
  let child: ChildProcess;

  async function start(): Promise<void> {
    const log = openSync(logPath, "a");
    child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", log, log],
      // A Ctrl-C at the terminal is for us: whoever uses the server still has work to finish.
      detached: true,
    });
    closeSync(log);
    outlivedBy(child);
    const failed = once(child, "error").then(([error]) => Promise.reject(error as Error));
    failed.catch(() => {});
    const until = performance.now() + START_MS;
    for (;;) {
      try {
        if (settle) await Promise.race([settle(chosen), failed]);
        await Promise.race([databaseGreeting(chosen), failed]);
        return;
      } catch (error) {
        const ended = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
        if (ended || performance.now() > until) {
          await stop("SIGKILL");
          throw new Error(`${title} did not start:\n${await lastLines(logPath)}`, { cause: error });
        }
        await wait(LOOK_MS);
      }
    }
  }

  async function stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const deadline = new AbortController();
    const late = wait(STOP_MS, undefined, { signal: deadline.signal }).then(
      () => child.kill("SIGKILL"),
      () => {},
    );
    await ended;
    deadline.abort();
    await late;
  }

  await start();
  return {
    kind,
    version,
    title,
    from,
    uri: `mongodb://127.0.0.1:${chosen}/${query}`,
    get pid() {
      return child.pid!;
    },
    kill: stop,
    async restart() {
      await stop("SIGTERM");
      await start();
    },
    [Symbol.asyncDispose]: () => stop("SIGTERM"),
  };
}

async function anyServer(): Promise<FoundDatabase> {
  const databases = await findDatabases({ environment: { ...process.env, MONGODB_URI: "" } });
  const [server] = databases.found;
  if (!server || server.kind === "given") throw new Error(databaseHint(databases));
  return server;
}

async function lastLines(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trimEnd().split("\n").slice(-5).join("\n");
}
