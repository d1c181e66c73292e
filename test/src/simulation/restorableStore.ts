import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock, Ids, Store } from "@granary/domain";
import { sqliteStore } from "@granary/store";

/** A store of which a copy can be put back, under everybody who holds it. */
export interface RestorableStore {
  readonly store: Store;
  /** Keeps a copy of the store as it is now. To be called between two turns only. */
  keep(): void;
  /** Puts the kept copy back. Whoever worked on the store has to be dead by then. */
  restore(): Promise<void>;
  /** Closes the store and removes its files. */
  dispose(): Promise<void>;
}

const MEMORY = "/dev/shm";

/** SQLite in a file, in memory where the system has a folder for that: seeds wait for no disk. */
export function restorableStore(clock: Pick<Clock, "now">, ids: Ids): RestorableStore {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "granary-simulation-"));
  const path = join(folder, "granary.db");
  const copy = join(folder, "copy.db");
  let current: Store = sqliteStore({ path, clock, ids });
  const store = new Proxy(current, {
    get: (_, name): unknown => Reflect.get(current, name),
  });
  return {
    store,
    keep() {
      const reader = new DatabaseSync(path);
      try {
        reader.exec(`VACUUM INTO '${copy}'`);
      } finally {
        reader.close();
      }
    },
    async restore() {
      await current.close();
      for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
      copyFileSync(copy, path);
      current = sqliteStore({ path, clock, ids });
      await current.ensure();
    },
    async dispose() {
      await current.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
