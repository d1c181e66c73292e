import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

/** Somebody else runs on the folder, and goes on doing so. */
export class FolderInUse extends Error {
  constructor(folder: string, cause: unknown) {
    super(`another simulator runs on ${folder}: stop it, or give another folder`, { cause });
  }
}

/**
 * Takes a folder for this process. The lock is the operating system's, held through an SQLite file, so that a
 * process that was killed holds nothing. A predecessor that is about to end is waited for.
 */
export async function lockFolder(folder: string, waitMs = 5_000): Promise<() => void> {
  const database = new DatabaseSync(join(folder, "lock.db"));
  const until = Date.now() + waitMs;
  for (;;) {
    try {
      database.exec("BEGIN EXCLUSIVE");
      return () => database.close();
    } catch (error) {
      if (Date.now() > until) {
        database.close();
        throw new FolderInUse(folder, error);
      }
      await delay(50);
    }
  }
}
