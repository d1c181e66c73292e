import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { outlivedBy } from "./outlivedBy.ts";

const STOP_MS = 10_000;
const LOOK_MS = 25;

/** What a server is started with. */
export interface ServerCommand {
  /** What people call it. */
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Both its outputs are appended to it. */
  readonly logPath: string;
  /** Resolves once it takes work; tried again until then. */
  readonly greet: () => Promise<unknown>;
  readonly startMs: number;
}

/** A server as a child of this process, stopped by its process id. */
export interface ServerProcess {
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** Starts it, and resolves once it takes work. @throws Error with the end of its log where it does not */
  start(): Promise<void>;
  /** Resolves when the process has ended: by the signal, or by SIGKILL where that takes too long. */
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Promise<void>;
}

/** A server that is not started yet. It ends when this process ends, however that is. */
export function serverProcess(command: ServerCommand): ServerProcess {
  const { title, program, args, cwd, env = {}, logPath, greet, startMs } = command;
  let child: ChildProcess | undefined;

  function running(): ChildProcess | null {
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null ? child : null;
  }

  async function stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const stopping = running();
    if (!stopping) return;
    const ended = once(stopping, "exit");
    stopping.kill(signal);
    const deadline = new AbortController();
    const late = wait(STOP_MS, undefined, { signal: deadline.signal }).then(
      () => stopping.kill("SIGKILL"),
      () => {},
    );
    await ended;
    deadline.abort();
    await late;
  }

  return {
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      const log = openSync(logPath, "a");
      const started = spawn(program, args, {
        ...(cwd === undefined ? {} : { cwd }),
        env: { ...process.env, ...env },
        stdio: ["ignore", log, log],
        // A Ctrl-C at the terminal is for us: whoever uses the server still has work to finish.
        detached: true,
      });
      child = started;
      closeSync(log);
      outlivedBy(started);
      const failed = once(started, "error").then(([error]) => Promise.reject(error as Error));
      failed.catch(() => {});
      const until = performance.now() + startMs;
      for (;;) {
        try {
          await Promise.race([greet(), failed]);
          return;
        } catch (error) {
          if (!running() || performance.now() > until) {
            await stop("SIGKILL");
            throw new Error(`${title} did not start:\n${await lastLines(logPath)}`, { cause: error });
          }
          await wait(LOOK_MS);
        }
      }
    },
    stop,
  };
}

async function lastLines(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trimEnd().split("\n").slice(-5).join("\n");
}
