import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Another process on the same store. */
export interface Rival {
  /** The next line it prints. */
  line(): Promise<string>;
  go(): void;
  /** Ends it at once, wherever it is. */
  kill(): Promise<void>;
}

/** Starts a script of this folder with these arguments. */
export function startRival(script: string, ...args: readonly string[]): Rival {
  const path = join(import.meta.dirname, script);
  const child = spawn(process.execPath, ["--conditions=@granary/source", path, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ${args.at(-1)} ended with ${child.exitCode}`);
      return value;
    },
    go: () => child.stdin.write("go\n"),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
