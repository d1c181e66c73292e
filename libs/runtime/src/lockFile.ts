import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";

/** How long the newest holder may take to write down its process id. */
const NAMING_MS = 1000;

/** Somebody else holds the lock: leave the rest to them, or stop them first. */
export class LockHeld extends Error {
  override readonly name = "LockHeld";
  /** The holder's process id; null where it has not written it down. */
  readonly pid: number | null;

  constructor(path: string, pid: number | null) {
    super(`${path} is held by ${pid === null ? "another process" : `process ${pid}`}`);
    this.pid = pid;
  }
}

/** A lock that is held until it is disposed of, or its process ends, however it ends. */
export interface HeldLock extends AsyncDisposable {
  /** The process that held it before and did not give it back: it died. Null where none did. */
  readonly diedPid: number | null;
}

/** What `holdLock` can be told. */
export interface HoldLockOptions {
  /** Gives the error to throw where another process holds the lock; `LockHeld` where it is left out. */
  readonly onHeld?: (holder: LockHeld) => Error;
}

/**
 * Takes an exclusive lock on the file at `path`, which is made where it is missing and stays. It is SQLite's lock on
 * that file, so the operating system lets go of it when the process dies, on every system, and no process id has to be
 * believed. The id stands in `<path>.pid` for people to read. The file must be on a disk of this machine.
 * @throws LockHeld (or what `onHeld` gives), with the holder's process id
 */
export async function holdLock(path: string, { onHeld }: HoldLockOptions = {}): Promise<HeldLock> {
  await mkdir(dirname(path), { recursive: true });
  const pidPath = `${path}.pid`;
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    const held = new LockHeld(path, await livingPid(pidPath));
    held.cause = error;
    throw onHeld?.(held) ?? held;
  }
  try {
    const diedPid = await readPid(pidPath);
    await writeFile(pidPath, `${process.pid}\n`);
    let released = false;
    return {
      diedPid,
      async [Symbol.asyncDispose]() {
        if (released) return;
        released = true;
        // The id goes first: once the lock is free the file may be another holder's.
        await rm(pidPath, { force: true });
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The id of the holder. It may have got the lock just now, and the file still name one that died. */
async function livingPid(pidPath: string): Promise<number | null> {
  const until = performance.now() + NAMING_MS;
  for (;;) {
    const pid = await readPid(pidPath);
    if (pid !== null && isAlive(pid)) return pid;
    if (performance.now() > until) return null;
    await wait(20);
  }
}

async function readPid(pidPath: string): Promise<number | null> {
  const text = await readFile(pidPath, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return /^\d+\n$/.test(text) ? Number(text) : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** SQLITE_BUSY and its extended codes. */
function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && (errcode & 0xff) === 5;
}
