import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FoundNats } from "@granary/servers";
import { freePort, outlivedBy } from "@granary/servers";
import { ROOT } from "../e2e/rig.ts";
import { waitUntil } from "../e2e/waitUntil.ts";

/** The users of deploy/nats/accounts.conf, with passwords of these tests. */
export const PASSWORDS = {
  submitter: "word-of-the-submitter",
  monitor: "word-of-the-monitor",
  harvester: "word-of-the-harvester",
  operator: "word-of-the-operator",
  example: "word-of-the-example",
} as const;
export type DeployedUser = keyof typeof PASSWORDS;

/** nats-servers on the configuration that is deployed; addresses and folders alone are other ones. */
export interface DeployedNats extends AsyncDisposable {
  /** Of each server, for clients. */
  readonly ports: readonly number[];
  /** What the servers have written so far. */
  readonly log: () => string;
  /** Ends one of them, by SIGTERM. */
  readonly end: (index: number) => Promise<void>;
}

/** Makes the servers' own changes to a configuration. */
type Adapt = (replace: (before: string, after: string) => void, index: number) => void;

/** Starts `server.conf` on 127.0.0.1. */
export async function startServerConf(server: FoundNats, folder: string): Promise<DeployedNats> {
  const port = await freePort();
  return startAll(server, folder, "server.conf", [port], () => {});
}

/** Starts three members of `cluster.conf`, with a certificate for 127.0.0.1 in `certificates`. */
export async function startClusterConf(
  server: FoundNats,
  folder: string,
  certificates: string,
): Promise<DeployedNats> {
  const ports: number[] = [];
  const routes: number[] = [];
  for (const list of [ports, routes])
    for (let member = 0; member < 3; member += 1) list.push(await freePort());
  return startAll(server, folder, "cluster.conf", ports, (replace, index) => {
    replace('"0.0.0.0:6222"', `"127.0.0.1:${routes[index]}"`);
    replace("/run/secrets/nats/", `${certificates}/`);
    for (const [member, route] of routes.entries())
      replace(`nats-route://nats-${member}.nats-members:6222`, `nats-route://127.0.0.1:${route}`);
  });
}

async function startAll(
  server: FoundNats,
  folder: string,
  conf: string,
  ports: readonly number[],
  adapt: Adapt,
): Promise<DeployedNats> {
  const children: ChildProcess[] = [];
  let log = "";
  async function end(index: number): Promise<void> {
    const child = children[index];
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  }
  async function stop(): Promise<void> {
    await Promise.all(children.map(async (_, index) => end(index)));
  }
  const monitors: number[] = [];
  for (const [index, port] of ports.entries()) {
    const own = join(folder, `nats-${index}`);
    const monitor = await freePort();
    monitors.push(monitor);
    mkdirSync(own, { recursive: true });
    copyFileSync(join(ROOT, "deploy/nats/accounts.conf"), join(own, "accounts.conf"));
    let text = readFileSync(join(ROOT, "deploy/nats", conf), "utf8");
    const replace = (before: string, after: string): void => {
      if (!text.includes(before)) throw new Error(`${conf} has no ${before}`);
      text = text.replaceAll(before, after);
    };
    replace('"0.0.0.0:4222"', `"127.0.0.1:${port}"`);
    replace('"0.0.0.0:8222"', `"127.0.0.1:${monitor}"`);
    replace("store_dir: /data", `store_dir: ${JSON.stringify(join(own, "data"))}`);
    adapt(replace, index);
    writeFileSync(join(own, conf), text);
    const child = spawn(server.path, ["--config", join(own, conf)], {
      env: { POD_NAME: `nats-${index}`, ...passwordVariables() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    outlivedBy(child);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (said: string) => (log += said));
    children.push(child);
  }
  try {
    for (const monitor of monitors)
      await waitUntil(
        "nats-server is healthy",
        async () => {
          if (children.some(({ exitCode }) => exitCode !== null))
            throw new Error(`nats-server ended:\n${log}`);
          // The same question as the probe's of readiness.
          const url = `http://127.0.0.1:${monitor}/healthz?js-server-only=true`;
          return fetch(url)
            .then(({ ok }) => ok)
            .catch(() => false);
        },
        { deadlineMs: 60_000, state: () => log },
      );
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports, log: () => log, end, [Symbol.asyncDispose]: stop };
}

function passwordVariables(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    // In the quotes of the server's own language, as the file itself tells.
    Object.entries(PASSWORDS).map(([user, word]) => [
      `NATS_PASSWORD_${user.toUpperCase()}`,
      JSON.stringify(word),
    ]),
  );
}
