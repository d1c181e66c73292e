import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { demanded } from "../src/demanded.ts";
import { askDatabase, databaseGreeting } from "../src/database/askDatabase.ts";
import { fromBson, toBson } from "../src/database/bson.ts";
import type { DatabaseSource } from "../src/database/databaseSources.ts";
import { databaseHint, findDatabases, type FoundDatabase } from "../src/database/findDatabases.ts";
import { startDatabase } from "../src/database/startDatabase.ts";

const START_MS = 60_000;
const TWO_HOURS_S = 7_200;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "granary-database-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that says it is mongod of some version, or says nothing of the kind. */
async function pretender(folder: string, says: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, "mongod");
  await writeFile(path, `#!/bin/sh\necho "${says}"\n`);
  await chmod(path, 0o755);
  return path;
}

/** A source that fetches a file, and how often it did. */
function aSource(kind: "mongod" | "ferretdb" | "secantusdb", fails?: string) {
  const state = { fetched: 0 };
  const source: DatabaseSource = {
    kind,
    version: "1.2.3",
    name: `${kind} of a test`,
    folder: async () => `${kind}-1.2.3`,
    async fill(folder) {
      state.fetched += 1;
      await writeFile(join(folder, "half"), "");
      if (fails) throw new Error(fails);
      await writeFile(join(folder, "server"), "");
    },
    entry: "server",
  };
  return { state, source };
}

function portOf(uri: string): number {
  return Number(new URL(uri).port);
}

describe("finding a database", () => {
  test("takes the one that is named in MONGODB_URI and looks for no other", async () => {
    const uri = "mongodb://user:secret@db.example/";
    const { found, tried } = await findDatabases({ environment: { MONGODB_URI: uri } });
    expect(found).toMatchObject([{ kind: "given", uri, from: "MONGODB_URI" }]);
    expect(found[0]?.title).not.toContain("secret");
    expect(tried).toEqual([]);
  });

  test("takes mongod on the path, where it says its version", async () => {
    const folder = await newFolder();
    const path = await pretender(folder, "db version v7.0.14");
    const environment = { PATH: folder, GRANARY_SERVERS_CACHE: folder, GRANARY_NO_DOWNLOAD: "1" };
    const mongod = { kind: "mongod", path, version: "7.0.14", title: "MongoDB 7.0.14", from: "PATH" };
    expect(await findDatabases({ environment })).toEqual({ found: [mongod], tried: [] });
    await pretender(folder, "hello");
    const none = await findDatabases({ environment, standIns: [] });
    expect(none.found).toEqual([]);
    expect(databaseHint(none)).toContain(`PATH: ${path} does not say its version`);
    expect(databaseHint(none)).toContain("GRANARY_NO_DOWNLOAD is 1");
  });

  test("fetches no stand-in where MongoDB itself can be fetched", async () => {
    const cache = join(await newFolder(), "cache");
    const [mongod, standIn] = [aSource("mongod"), aSource("secantusdb")];
    const environment = { PATH: "", GRANARY_SERVERS_CACHE: cache };
    const options = { environment, mongod: mongod.source, standIns: [standIn.source] };
    const { found } = await findDatabases(options);
    expect(found).toMatchObject([{ kind: "mongod", path: join(cache, "mongod-1.2.3", "server") }]);
    expect(standIn.state.fetched).toBe(0);
    expect((await findDatabases(options)).found).toMatchObject([
      { from: expect.stringContaining("kept in") },
    ]);
    expect(mongod.state.fetched).toBe(1);
  });

  test("fetches into the cache once, also when several want it at once", async () => {
    const cache = join(await newFolder(), "cache");
    const [mongod, standIn] = [aSource("mongod", "the line is dead"), aSource("secantusdb")];
    const environment = { PATH: "", GRANARY_SERVERS_CACHE: cache };
    const options = { environment, mongod: mongod.source, standIns: [standIn.source] };
    const all = await Promise.all([1, 2, 3].map(() => findDatabases(options)));
    for (const { found } of all) expect(found).toMatchObject([{ kind: "secantusdb", version: "1.2.3" }]);
    expect((await readdir(join(cache, "secantusdb-1.2.3"))).toSorted()).toEqual(["half", "server"]);
    expect((await readdir(cache)).toSorted()).toEqual(["mongod-1.2.3.refused", "secantusdb-1.2.3"]);
  });

  test("does not try a download again that failed within the hour", async () => {
    const cache = join(await newFolder(), "cache");
    const [mongod, standIn] = [aSource("mongod", "the line is dead"), aSource("ferretdb")];
    const environment = { PATH: "", GRANARY_SERVERS_CACHE: cache };
    const options = { environment, mongod: mongod.source, standIns: [standIn.source] };
    expect((await findDatabases(options)).tried).toContain("mongod of a test: the line is dead");
    expect((await findDatabases(options)).tried[1]).toMatch(/could not be fetched within the last hour/);
    expect(mongod.state.fetched).toBe(1);
    const past = Date.now() / 1000 - TWO_HOURS_S;
    await utimes(join(cache, "mongod-1.2.3.refused"), past, past);
    await findDatabases(options);
    expect(mongod.state.fetched).toBe(2);
    expect(standIn.state.fetched).toBe(1);
  });
});

describe("asking a database", () => {
  test("writes and reads the parts of BSON that it takes", () => {
    const document = { hello: 1, name: "ü", yes: true, list: ["a", 2], deep: { x: { y: -7 } } };
    expect(fromBson(toBson(document))).toEqual({ ...document, list: { 0: "a", 1: 2 } });
    expect(toBson({}).toString("hex")).toBe("0500000000");
  });

  test("fails where nobody listens, and where somebody else does", async () => {
    const stranger = createServer((socket) => socket.resume().end("HTTP/1.1 400\r\n\r\n"));
    stranger.listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const { port } = stranger.address() as { port: number };
    await expect(databaseGreeting(port)).rejects.toThrow("closed the connection");
    stranger.close();
    await once(stranger, "close");
    await expect(databaseGreeting(port)).rejects.toThrow("ECONNREFUSED");
  });
});

const databases = await findDatabases();
const servers = databases.found.filter((server): server is FoundDatabase => server.kind !== "given");
if (databases.found.length === 0) console.warn(databaseHint(databases));

test.skipIf(servers.length > 0 || !demanded("database"))("a database server is to be had", () => {
  expect(databaseHint(databases)).toBe("");
});

describe.each(servers)("$title", (server) => {
  test(
    "starts, keeps its port and data when it is killed, and ends when it is disposed of",
    async () => {
      const folder = await newFolder();
      const database = await startDatabase({ folder, server });
      const port = portOf(database.uri);
      expect(database).toMatchObject({ kind: server.kind, version: server.version, title: server.title });
      await databaseGreeting(port);
      await askDatabase(port, { insert: "things", documents: [{ _id: "kept" }] });
      await expect(askDatabase(port, { nonsense: 1 })).rejects.toThrow("refuses nonsense");
      const first = database.pid;
      await database.kill("SIGKILL");
      await expect(databaseGreeting(port)).rejects.toThrow("ECONNREFUSED");
      await database.restart();
      expect(database.pid).not.toBe(first);
      const { cursor } = await askDatabase(port, { find: "things" });
      expect(cursor).toMatchObject({ firstBatch: { 0: { _id: "kept" } } });
      const last = database.pid;
      await database[Symbol.asyncDispose]();
      expect(() => process.kill(last, 0)).toThrow("ESRCH");
    },
    2 * START_MS,
  );

  test(
    "that cannot start is told with the end of its log",
    async () => {
      const broken = { ...server, path: join(await newFolder(), "nowhere") };
      await expect(startDatabase({ folder: await newFolder(), server: broken })).rejects.toThrow(
        /did not start/,
      );
    },
    2 * START_MS,
  );
});

test.skipIf(servers.length === 0)(
  "a database ends with the process that started it, also when that one is killed",
  async () => {
    const script = join(import.meta.dirname, "databaseParent.ts");
    const parent = spawn(process.execPath, ["--conditions=@granary/source", script, await newFolder()], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [pid] = await once(createInterface({ input: parent.stdout }), "line");
    expect(process.kill(Number(pid), 0)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH"), { timeout: 15_000 });
  },
  START_MS,
);
