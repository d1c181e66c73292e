import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore, type SqliteStore } from "@granary/store";
import type { Rig } from "./contract.ts";
import { testIds } from "./documents.ts";

/** A clock that stands still until it is moved. */
export function stillClock(at = Date.UTC(2026, 5, 1, 9)): { now(): number; move(ms: number): void } {
  let now = at;
  return {
    now: () => now,
    move(ms) {
      now += ms;
    },
  };
}

export interface Folder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A new folder for a test's files. */
export async function newFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "granary-store-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Several connections to one new file. */
export async function fileRig(): Promise<Rig> {
  const folder = await newFolder();
  const clock = stillClock();
  const opened: SqliteStore[] = [];
  const open = (): SqliteStore => {
    const store = sqliteStore({ path: join(folder.path, "granary.db"), clock, ids: testIds });
    opened.push(store);
    return store;
  };
  return {
    store: open(),
    second: async () => open(),
    later: async (ms) => clock.move(ms),
    async close() {
      for (const store of opened) await store.close();
      await folder.remove();
    },
  };
}

/** One store in memory: nobody else can see it, so its second connection is itself. */
export async function memoryRig(): Promise<Rig> {
  const clock = stillClock();
  const store = sqliteStore({ path: ":memory:", clock, ids: testIds });
  return {
    store,
    second: async () => store,
    later: async (ms) => clock.move(ms),
    close: () => store.close(),
  };
}
