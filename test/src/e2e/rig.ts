import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The repository's root. */
export const ROOT = join(import.meta.dirname, "../../..");

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that was started. */
export interface Started {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Everything it has written so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Waits for its end. */
  finish(): Promise<Finished>;
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder and processes that go when the test goes, however it goes. */
export interface Rig {
  readonly folder: string;
  /** Runs Node with these arguments, in the rig's folder unless told otherwise. Nothing of our environment is passed on but the path. */
  node(
    args: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string },
  ): Started;
  /** Called at the end, last first, after all processes are gone. */
  defer(undo: () => Promise<void> | void): void;
  close(): Promise<void>;
}

const SOURCE = ["--disable-warning=ExperimentalWarning", "--conditions=@granary/source"];

/** A new rig in a temporary folder. */
export async function openRig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "granary-e2e-"));
  const running = new Set<Started>();
  const undone: (() => Promise<void> | void)[] = [];
  return {
    folder,
    node(args, { env = {}, cwd = folder } = {}) {
      const child = start([...SOURCE, ...args], { PATH: process.env["PATH"] ?? "", ...env }, cwd);
      running.add(child);
      void child.exited.then(() => running.delete(child));
      return child;
    },
    defer: (undo) => void undone.push(undo),
    async close() {
      const last = [...running];
      for (const child of last) child.kill("SIGKILL");
      await Promise.all(last.map(async (child) => child.exited));
      for (const undo of undone.toReversed()) await undo();
      // A simulator that is a child's child may write for a moment longer, until it finds its input closed.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

function start(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Started {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} could not be started`);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // `exit` comes before the last output; and `close` never, where a child's child keeps the pipes.
  const exited = once(child, "exit").then(([code, signal]): Exit => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const drained = Promise.all([once(child.stdout, "end"), once(child.stderr, "end")]);
  return {
    pid,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
    async finish() {
      const exit = await exited;
      await drained;
      return { ...exit, stdout, stderr };
    },
  };
}
