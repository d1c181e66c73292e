import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import type { Role } from "@granary/domain";
import { outlivedBy } from "@granary/servers";

const LOOK_MS = 50;

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a service process is started with. */
export interface ServiceOptions {
  readonly service: Role;
  /** From 1, among those of its service. */
  readonly replica: number;
  readonly port: number;
  /** Everything it gets from outside; nothing of this process's environment is passed on but the path. */
  readonly env: Readonly<Record<string, string>>;
  /** Its log: both its outputs are appended to it. */
  readonly logPath: string;
}

/** A service in a process of its own, on 127.0.0.1. */
export interface ServiceProcess {
  readonly service: Role;
  readonly replica: number;
  /** `submitter-1` */
  readonly name: string;
  readonly url: string;
  readonly logPath: string;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when the process that runs now has ended. */
  exited(): Promise<Exit>;
  /** Sends a signal, without waiting. */
  signal(name: NodeJS.Signals): void;
  /** Starts it again on its port, where it does not run. `env` is added to what it was started with. */
  start(env?: Readonly<Record<string, string>>): void;
  /** Whether `/readyz` says so. */
  ready(): Promise<boolean>;
  /** Waits until it is ready. @throws Error where it ended, or was not ready in time, with what it said last */
  becomesReady(deadlineMs: number): Promise<void>;
  /** Tells it to stop and waits for its end. */
  stop(): Promise<Exit>;
}

/** Starts a service. It ends when this process ends, however that is. */
export function startService({ service, replica, port, env, logPath }: ServiceOptions): ServiceProcess {
  const main = fileURLToPath(import.meta.resolve(`@granary/${service}/main`));
  const url = `http://127.0.0.1:${port}`;
  const name = `${service}-${replica}`;
  let child = spawned();

  function spawned(more: Readonly<Record<string, string>> = {}): ChildProcess {
    const log = openSync(logPath, "a");
    const started = spawn(process.execPath, [...process.execArgv, main], {
      env: {
        PATH: process.env["PATH"] ?? "",
        GRANARY_HTTP_HOST: "127.0.0.1",
        GRANARY_HTTP_PORT: String(port),
        ...env,
        ...more,
      },
      stdio: ["ignore", log, log],
      // A Ctrl-C at the terminal is for whoever runs the stack: it stops the services one after the other.
      detached: true,
    });
    closeSync(log);
    outlivedBy(started);
    return started;
  }

  function running(): boolean {
    return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async function exited(): Promise<Exit> {
    const of = child;
    if (of.exitCode === null && of.signalCode === null) await once(of, "exit");
    return { code: of.exitCode, signal: of.signalCode };
  }

  async function ready(): Promise<boolean> {
    try {
      return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok;
    } catch {
      return false;
    }
  }

  return {
    service,
    replica,
    name,
    url,
    logPath,
    get pid() {
      return child.pid ?? 0;
    },
    get running() {
      return running();
    },
    exited,
    ready,
    signal: (signal) => void child.kill(signal),
    start(more) {
      if (!running()) child = spawned(more);
    },
    async becomesReady(deadlineMs) {
      const until = performance.now() + deadlineMs;
      while (!(await ready())) {
        if (!running()) throw new Error(`${name} ended while it was started: see ${logPath}`);
        if (performance.now() > until)
          throw new Error(
            `${name} was not ready in ${deadlineMs} ms (${await unready(url)}): see ${logPath}`,
          );
        await wait(LOOK_MS);
      }
    },
    async stop() {
      child.kill("SIGTERM");
      return exited();
    },
  };
}

/** What `/readyz` says it waits for. */
async function unready(url: string): Promise<string> {
  try {
    return (await (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })).text()).trim();
  } catch (error) {
    return (error as Error).message;
  }
}
