import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A simulator that runs as a child of this process. */
export interface SimulatorChild extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<unknown>;
}

/** Characters kept of what the child says about its failures. */
const KEPT = 4_096;

/**
 * Starts the simulator as a child process, which ends when its standard input closes: also when this process dies.
 * @throws Error with what the child said, where it did not come up
 */
export async function startSimulator(options: {
  readonly folder: string;
  readonly port?: number;
  readonly scenarioFile?: string;
}): Promise<SimulatorChild> {
  const main = fileURLToPath(import.meta.resolve("@granary/simulator/main"));
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      main,
      "--folder",
      options.folder,
      "--port",
      String(options.port ?? 0),
      ...(options.scenarioFile ? ["--scenario", options.scenarioFile] : []),
      "--until-stdin-closes",
    ],
    // A process group of its own: a Ctrl-C is for this process, which may still need the simulator while it stops.
    { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env["PATH"] }, detached: true },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-KEPT)));
  child.stdin.on("error", () => {});
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, "line").then(([line]) => String(line)),
    exited.then(() => null),
  ]);
  if (first === null || child.pid === undefined)
    throw new Error(said.trim() || "the simulator did not start");
  const { url } = JSON.parse(first) as { url: string };
  return {
    url,
    pid: child.pid,
    ended: exited,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
