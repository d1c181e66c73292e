import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { GranaryConfig } from "@granary/runtime";

/** What a running `granary up` tells the other commands. */
export interface UpState {
  readonly pid: number;
  readonly startedAt: number;
  readonly simulatorUrl: string | null;
  readonly accounts: readonly string[];
}

function statePath({ store }: GranaryConfig): string {
  return `${store.lock}.json`;
}

/** Writes down what the holder of the lock runs, until it is disposed of. */
export async function publishUpState(config: GranaryConfig, state: UpState): Promise<AsyncDisposable> {
  const path = statePath(config);
  await writeFile(`${path}.${process.pid}`, `${JSON.stringify(state)}\n`);
  await rename(`${path}.${process.pid}`, path);
  return { [Symbol.asyncDispose]: async () => rm(path, { force: true }) };
}

/** Forgets what a dead holder of the lock wrote down. Only for who holds the lock now. */
export async function forgetUpState(config: GranaryConfig): Promise<void> {
  await rm(statePath(config), { force: true });
}

/** What runs on the store now; null where no `granary up` does. */
export async function runningUp(config: GranaryConfig): Promise<UpState | null> {
  if (!isHeld(config.store.lock)) return null;
  // Between taking the lock and telling, a holder has nothing to say yet.
  const silent: UpState = { pid: 0, startedAt: Date.now(), simulatorUrl: null, accounts: [] };
  const text = await readFile(statePath(config), "utf8").catch(() => null);
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
