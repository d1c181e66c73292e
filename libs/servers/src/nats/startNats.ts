import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../freePort.ts";
import { serverProcess } from "../serverProcess.ts";
import { findNats, type FoundNats, natsHint } from "./findNats.ts";
import { natsConfig, type NatsConfig } from "./natsConfig.ts";
import { natsGreeting } from "./natsGreeting.ts";

const START_MS = 20_000;

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
  const child = serverProcess({
    title: "nats-server",
    program: path,
    args: ["-c", configPath],
    logPath,
    startMs: START_MS,
    greet: async () => natsGreeting(chosen, config),
  });
  await child.start();
  return {
    url: `nats://127.0.0.1:${chosen}`,
    version,
    from,
    get pid() {
      return child.pid;
    },
    kill: child.stop,
    async restart() {
      await child.stop("SIGTERM");
      await child.start();
    },
    async wipe() {
      await child.stop("SIGKILL");
      await rm(storeFolder, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => child.stop("SIGTERM"),
  };
}
