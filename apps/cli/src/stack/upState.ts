import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { SqlitePlace } from "@granary/runtime";

/** What a running `granary up` tells the other commands. */
export interface UpState {
  readonly pid: number;
  readonly startedAt: number;
  readonly simulatorUrl: string | null;
  readonly accounts: readonly string[];
}

function statePath({ lock }: SqlitePlace): string {
  return `${lock}.json`;
}

/** Writes down what the holder of the lock runs, until it is disposed of. */
export async function publishUpState(place: SqlitePlace, state: UpState): Promise<AsyncDisposable> {
  const path = statePath(place);
  await writeFile(`${path}.${process.pid}`, `${JSON.stringify(state)}\n`);
  await rename(`${path}.${process.pid}`, path);
  return { [Symbol.asyncDispose]: async () => rm(path, { force: true }) };
}

/** Forgets what a dead holder of the lock wrote down. Only for who holds the lock now. */
export async function forgetUpState(place: SqlitePlace): Promise<void> {
  await rm(statePath(place), { force: true });
}

/** What runs on the store now; null where no `granary up` does. */
export async function runningUp(place: SqlitePlace): Promise<UpState | null> {
  if (!isHeld(place.lock)) return null;
  // Between taking the lock and telling, a holder has nothing to say yet.
  const silent: UpState = { pid: 0, startedAt: Date.now(), simulatorUrl: null, accounts: [] };
  const text = await readFile(statePath(place), "utf8").catch(() => null);
  return text === null ? silent : (JSON.parse(text) as UpState);
}

/** Whether somebody holds the lock: an exclusive lock keeps even a reader out. */
function isHeld(path: string): boolean {
  if (!existsSync(path)) return false;
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.prepare("SELECT COUNT(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    if (errcode !== undefined && (errcode & 0xff) === 5) return true;
    throw error;
  } finally {
    database.close();
  }
}
