import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../freePort.ts";
import { outlivedBy } from "../outlivedBy.ts";
import { findNats, type FoundNats, natsHint } from "./findNats.ts";
import { natsConfig, type NatsConfig } from "./natsConfig.ts";
import { natsGreeting } from "./natsGreeting.ts";

const START_MS = 20_000;
const STOP_MS = 10_000;

/** What starting a nats-server takes. */
export interface StartNatsOptions {
  /** Where its configuration, log and streams lie; made where it is missing. */
  readonly folder: string;
  /** Any free one where it is left out. */
  readonly port?: number;
  readonly config?: NatsConfig;
  /** The one to start; looked for where it is left out. */
  readonly server?: FoundNats;
}

/** A nats-server of our own, stopped by its process id when it is disposed of, or when this process ends. */
export interface RunningNats extends AsyncDisposable {
  /** `nats://127.0.0.1:<port>`, without credentials. */
  readonly url: string;
  readonly version: string;
  readonly from: string;
  /** The process id; another one after each start. */
  readonly pid: number;
  /** Resolves when the process has ended. */
  kill(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Starts it again on the same port and folder, after stopping it where it still runs. */
  restart(): Promise<void>;
  /** Kills it and removes all its streams. It stays stopped. */
  wipe(): Promise<void>;
}

/**
 * Starts a nats-server with JetStream on 127.0.0.1 and resolves when it takes work.
 * @throws Error with what was tried where there is none, or with the end of its log where it does not start
 */
export async function startNats({
  folder,
  port,
  config = {},
  server,
}: StartNatsOptions): Promise<RunningNats> {
  const found = server ?? (await findNats());
  if ("tried" in found) throw new Error(natsHint(found));
  const { path, version, from } = found;
  const chosen = port ?? (await freePort());
  const storeFolder = join(folder, "jetstream");
  const configPath = join(folder, "nats-server.conf");
  const logPath = join(folder, "nats-server.log");
  await mkdir(folder, { recursive: true });
  const text = natsConfig({ port: chosen, storeFolder, version }, config);
  await writeFile(configPath, text, { mode: 0o600 });
  let child: ChildProcess;

  async function start(): Promise<void> {
    const log = openSync(logPath, "a");
    child = spawn(path, ["-c", configPath], {
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
        await Promise.race([natsGreeting(chosen, config), failed]);
        return;
      } catch (error) {
        const ended = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
        if (ended || performance.now() > until) {
          await stop("SIGKILL");
          throw new Error(`nats-server did not start:\n${await lastLines(logPath)}`, { cause: error });
        }
        await wait(20);
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
    url: `nats://127.0.0.1:${chosen}`,
    version,
    from,
    get pid() {
      return child.pid!;
    },
    kill: stop,
    async restart() {
      await stop("SIGTERM");
      await start();
    },
    async wipe() {
      await stop("SIGKILL");
      await rm(storeFolder, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => stop("SIGTERM"),
  };
}

async function lastLines(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trimEnd().split("\n").slice(-5).join("\n");
}
