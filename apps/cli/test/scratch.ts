import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const launcher = fileURLToPath(new URL("../bin/granary.js", import.meta.url));
const PATIENCE_MS = 45_000;

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the match once the command has said it, on either stream. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** A folder of its own in which the real command runs, with nothing of the caller's environment but PATH. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Running;
  granary(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** What the command printed with `--json`. */
  json<T>(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<T>;
  /** Writes a file: JSON lines of values, or a text as it is. */
  write(name: string, content: string | readonly unknown[]): string;
  /** Starts `granary up` and waits until it is. */
  up(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Running>;
}

export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "granary-cli-"));
  const running = new Set<Running>();

  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(process.execPath, [launcher, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
    const command: Running = {
      child,
      ended,
      async said(pattern) {
        const until = performance.now() + PATIENCE_MS;
        for (;;) {
          const match = pattern.exec(`${stdout}\n${stderr}`);
          if (match) return match;
          if (child.exitCode !== null || performance.now() > until)
            throw new Error(`granary ${args.join(" ")} never said ${String(pattern)}:\n${stdout}\n${stderr}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    };
    running.add(command);
    void ended.then(() => running.delete(command));
    return command;
  }

  const granary: Scratch["granary"] = async (args, env) => start(args, env).ended;
  return {
    folder,
    start,
    granary,
    async json<T>(args: readonly string[], env?: Readonly<Record<string, string>>) {
      const { stdout, stderr, code } = await granary([...args, "--json"], env);
      try {
        return JSON.parse(stdout) as T;
      } catch (cause) {
        throw new Error(
          `granary ${args.join(" ")} ended ${code} and printed no JSON: ${stdout.slice(0, 500)}\n${stderr.slice(0, 500)}`,
          {
            cause,
          },
        );
      }
    },
    write(name, content) {
      const text =
        typeof content === "string" ? content : content.map((value) => `${JSON.stringify(value)}\n`).join("");
      writeFileSync(join(folder, name), text);
      return name;
    },
    async up(args = [], env = {}) {
      const command = start(["up", ...args], env);
      await command.said(/simulator .*its data in|bus +in process/);
      return command;
    },
    async [Symbol.asyncDispose]() {
      const left = [...running];
      for (const { child } of left) child.kill("SIGTERM");
      await Promise.all(left.map(async ({ ended }) => ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Items with keys `k0`, `k1` and so on. */
export function items(number: number, prompt = "say hello"): readonly unknown[] {
  return Array.from({ length: number }, (_, index) => ({ key: `k${index}`, prompt: `${prompt} ${index}` }));
}
