import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { outlivedBy } from "@granary/servers";

/** The image's user. Only root may become another one; without it the tests' own user has to do. */
const IMAGE_USER = 10_001;
export const imageUser: number | undefined =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ["--version"], { uid: IMAGE_USER, gid: IMAGE_USER }).status === 0
    ? IMAGE_USER
    : undefined;

/** How a process ended, with all it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A process that runs from an image's folder. */
export interface ImageProcess {
  readonly output: () => string;
  readonly running: () => boolean;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: () => Promise<Ended>;
}

/** Starts a program as a container would: in the image's folder, as its user, with this environment and no other. */
export function startInImage(
  app: string,
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): ImageProcess {
  const node = program === "granary" ? ["apps/cli/bin/granary.js"] : [];
  const child: ChildProcess = spawn(process.execPath, [...node, ...args], {
    cwd: app,
    env: { PATH: process.env["PATH"] ?? "", NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(imageUser === undefined ? {} : { uid: imageUser, gid: imageUser }),
  });
  outlivedBy(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const closed = once(child, "close");
  return {
    output: () => output,
    running: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
    async ended() {
      await closed;
      return { code: child.exitCode, signal: child.signalCode, output };
    },
  };
}
