import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreNotReady, StoreTooNew, StoreUnavailable } from "@granary/domain";
import {
  demandReady,
  sqliteStore,
  watchChanges,
  type SqliteStore,
  type SqliteStoreOptions,
} from "@granary/store";
import { openConnection } from "../src/sqlite/connection.ts";
import { ensureSchema } from "../src/sqlite/ensureSchema.ts";
import { MIGRATIONS } from "../src/sqlite/migrations.ts";
import { isBusy } from "../src/sqlite/sqliteErrors.ts";
import { aRequest, aSlice, aTask, testIds } from "./documents.ts";
import { newFolder, stillClock, type Folder } from "./sqliteRig.ts";

const LATEST = MIGRATIONS.length;

let folder: Folder;
let path: string;
let opened: SqliteStore[];

function open(given: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = sqliteStore({ path, clock: stillClock(), ids: testIds, ...given });
  opened.push(store);
  return store;
}

/** A file as an earlier release left it, with one request and one slice in it. */
async function oldFile(): Promise<void> {
  const db = openConnection(path, 0);
  await ensureSchema(db, { now: () => 0, backupOlder: false, version: 1 });
  db.close();
  const store = open();
  await store.insertOnce("request", aRequest());
  await store.insertSlices([aSlice()]);
  await store.close();
}

function versionOf(file: string): unknown {
  const db = new DatabaseSync(file);
  try {
    return db.prepare("SELECT value FROM meta WHERE key = 'schemaVersion'").get()?.["value"];
  } finally {
    db.close();
  }
}

function schemaOf(file: string): unknown {
  const db = new DatabaseSync(file);
  try {
    return db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").all();
  } finally {
    db.close();
  }
}

async function copies(): Promise<readonly string[]> {
  return (await readdir(folder.path)).filter((name) => name.startsWith("granary.db.v"));
}

beforeEach(async () => {
  folder = await newFolder();
  path = join(folder.path, "granary.db");
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store.close();
  await folder.remove();
});

describe("the file", () => {
  it("is made with its folder, and keeps no copy of nothing", async () => {
    path = join(folder.path, "new", "deep", "granary.db");
    await open().ensure();
    expect(await readdir(join(folder.path, "new", "deep"))).not.toContainEqual(
      expect.stringMatching(/\.v\d/),
    );
    expect(versionOf(path)).toBe(LATEST);
  });

  it("keeps a write-ahead log, and forces it to disk at every commit", async () => {
    await open().ensure();
    const db = openConnection(path, 0);
    // A connection chooses how safely it writes before the first thing it does.
    await db.once(() => 0);
    expect(db.get("PRAGMA journal_mode")).toMatchObject({ journal_mode: "wal" });
    expect(db.get("PRAGMA synchronous")).toMatchObject({ synchronous: 2 });
    db.close();
  });

  it("keeps what was written when the store is closed and opened again", async () => {
    const store = open();
    await store.ensure();
    await store.insertOnce("task", aTask());
    const before = await store.load("task", "grtest-1");
    await store.close();
    await store.close();
    const again = open();
    await again.ensure();
    expect(await again.load("task", "grtest-1")).toEqual(before);
  });

  it("is refused where it is no database, or no file", async () => {
    await writeFile(path, "x".repeat(5_000));
    await expect(open().ensure()).rejects.toThrow(StoreUnavailable);
    expect(() => sqliteStore({ path: folder.path, clock: stillClock(), ids: testIds })).toThrow(
      StoreUnavailable,
    );
  });

  it("says that the store does not answer once it is closed", async () => {
    const store = open();
    await store.ensure();
    await store.close();
    await expect(store.load("task", "t")).rejects.toThrow(StoreUnavailable);
  });
});

describe("an older file", () => {
  it("migrates forward with everything in it, and a copy of the old one is kept", async () => {
    await oldFile();
    expect(versionOf(path)).toBe(1);
    const store = open();
    await store.ensure();
    expect(versionOf(path)).toBe(LATEST);
    expect(await store.load("request", "rq1")).toMatchObject({ id: "rq1" });
    expect(await store.pendingSlices("pool", "shop", 9)).toHaveLength(1);
    const [copy, ...more] = await copies();
    expect(copy).toBe("granary.db.v1-20260601T090000000Z");
    expect(more).toEqual([]);
    const kept = join(folder.path, copy ?? "");
    expect(versionOf(kept)).toBe(1);
    expect(new DatabaseSync(kept).prepare("SELECT COUNT(*) AS n FROM request").get()?.["n"]).toBe(1);
  });

  it("has the same tables and indexes in the end as a new one", async () => {
    await oldFile();
    await open().ensure();
    const other = join(folder.path, "new.db");
    await open({ path: other }).ensure();
    expect(schemaOf(path)).toEqual(schemaOf(other));
  });

  it("is copied once, however many connections find it and however often", async () => {
    await oldFile();
    await Promise.all([open(), open(), open()].map((store) => store.ensure()));
    await open().ensure();
    expect(await copies()).toHaveLength(1);
  });

  it("is migrated without a copy where none is wanted", async () => {
    await oldFile();
    await open({ backupOlder: false }).ensure();
    expect(await copies()).toEqual([]);
    expect(versionOf(path)).toBe(LATEST);
  });
});

describe("a file that lost an index", () => {
  it("is not ready, says which one, and has it again once it is ensured", async () => {
    const store = open();
    await store.ensure();
    const db = openConnection(path, 0);
    db.script("DROP INDEX slice_open; DROP INDEX task_due; CREATE INDEX task_due ON task (dueAt)");
    expect((await store.schema()).missing).toEqual([
      "the index slice_open is missing",
      "the index task_due is not as it has to be",
    ]);
    await expect(demandReady(store)).rejects.toThrow(StoreNotReady);
    db.close();
    await open().ensure();
    await demandReady(store);
    expect(await copies()).toEqual([]);
  });
});

describe("a newer file", () => {
  it("is refused with what to do, and left as it is", async () => {
    const store = open();
    await store.ensure();
    const db = openConnection(path, 0);
    db.run("UPDATE meta SET value = 99 WHERE key = 'schemaVersion'");
    db.close();
    const refused = open().ensure();
    await expect(refused).rejects.toThrow(StoreTooNew);
    await expect(refused).rejects.toThrow(/version 99.*start the newer version/);
    expect(await store.schema()).toMatchObject({
      found: 99,
      missing: [expect.stringContaining("version 99")],
    });
    await expect(demandReady(store)).rejects.toThrow(StoreTooNew);
    expect(versionOf(path)).toBe(99);
    expect(await copies()).toEqual([]);
  });
});

describe("another writer", () => {
  it("is waited for without blocking this process", async () => {
    const store = open();
    await store.ensure();
    const writer = new DatabaseSync(path);
    writer.exec("BEGIN IMMEDIATE");
    let settled = false;
    const insert = store.insertOnce("task", aTask()).finally(() => (settled = true));
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(settled).toBe(false);
    writer.exec("COMMIT");
    writer.close();
    expect(await insert).toEqual({ inserted: true });
  });

  it("does not stop readers", async () => {
    const store = open();
    await store.ensure();
    const writer = new DatabaseSync(path);
    writer.exec("BEGIN IMMEDIATE");
    expect(await store.load("task", "none")).toBeUndefined();
    expect((await store.gauges()).slicesOpen).toBe(0);
    writer.close();
  });

  it("that never ends makes the store unavailable", async () => {
    const store = open({ patienceMs: 60 });
    await store.ensure();
    const writer = new DatabaseSync(path);
    writer.exec("BEGIN IMMEDIATE");
    await expect(store.insertOnce("task", aTask())).rejects.toThrow(StoreUnavailable);
    writer.close();
    expect(await store.insertOnce("task", aTask())).toEqual({ inserted: true });
  });

  it("is also known when it overtook a reader that turned writer", async () => {
    await open().ensure();
    const reader = new DatabaseSync(path);
    const writer = new DatabaseSync(path);
    reader.exec("BEGIN; SELECT * FROM meta");
    writer.exec("INSERT INTO meta (key, value) VALUES ('a', 1)");
    let error: unknown;
    try {
      reader.exec("INSERT INTO meta (key, value) VALUES ('b', 1)");
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ errcode: 517 });
    expect(isBusy(error)).toBe(true);
    reader.close();
    writer.close();
  });
});

describe("the doorbell", () => {
  it("rings for what other connections write, and not for our own", async () => {
    const store = open();
    await store.ensure();
    const other = open();
    const ticks: (() => void)[] = [];
    const clock = { sleep: () => new Promise<void>((resolve) => ticks.push(resolve)) };
    const stop = new AbortController();
    let rings = 0;
    const watching = watchChanges(store, () => (rings += 1), { clock, signal: stop.signal });
    async function tick(): Promise<number> {
      ticks.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
      return rings;
    }
    expect(await tick()).toBe(0);
    await other.insertOnce("task", aTask());
    expect(await tick()).toBe(1);
    await store.signal("task", ["grtest-1"], { type: "wake" });
    expect(await tick()).toBe(1);
    await other.signal("task", ["grtest-1"], { type: "wake" });
    await other.load("task", "grtest-1");
    expect(await tick()).toBe(2);
    stop.abort();
    await tick();
    await watching;
  });
});

describe("a store in memory", () => {
  it("settles every method without giving the event loop a turn", async () => {
    const store = open({ path: ":memory:" });
    let turns = 0;
    const turn = setInterval(() => (turns += 1), 0);
    setImmediate(() => (turns += 1));
    await store.ensure();
    await store.insertOnce("task", aTask());
    const [held] = await store.claimDue("task", { duty: "submitter", owner: "me", leaseMs: 1, limit: 1 });
    if (!held) throw new Error("nothing was claimed");
    await store.save("task", held, held);
    await store.insertSlices([aSlice()]);
    await store.moveSlices({ which: { ids: [aSlice().id] }, from: ["pending"], to: "placed" });
    await store.usage("openai:simulated");
    await store.gauges();
    await store.gate("aaaa");
    await store.pendingFacts(1);
    clearInterval(turn);
    expect(turns).toBe(0);
  });
});
