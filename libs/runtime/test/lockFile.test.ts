import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { holdLock, LockHeld } from "../src/lockFile.ts";

const base = await mkdtemp(join(tmpdir(), "granary-lock-"));
let count = 0;
const newPath = (): string => join(base, String((count += 1)), "granary.db.lock");

const onHeld = ({ pid }: LockHeld): Error => new Error(`granary is up already, as process ${pid}`);

afterAll(() => rm(base, { recursive: true, force: true }));

async function holder(path: string): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(
    process.execPath,
    ["--conditions=@granary/source", join(import.meta.dirname, "lockHolder.ts"), path],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child as ChildProcess & { readonly pid: number };
}

test("another process's lock is refused with its process id, and is free once it is given back", async () => {
  const path = newPath();
  const other = await holder(path);
  const error: unknown = await holdLock(path).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(LockHeld);
  expect(error).toMatchObject({ pid: other.pid, message: `${path} is held by process ${other.pid}` });
  other.stdin?.end();
  await once(other, "exit");
  await using lock = await holdLock(path);
  expect(lock.diedPid).toBeNull();
});

test("a holder that is killed loses the lock at once, and the next one hears who died", async () => {
  const path = newPath();
  const other = await holder(path);
  other.kill("SIGKILL");
  await once(other, "exit");
  await using lock = await holdLock(path);
  expect(lock.diedPid).toBe(other.pid);
  expect(await readFile(`${path}.pid`, "utf8")).toBe(`${process.pid}\n`);
});

test("one process cannot hold a lock twice, and the caller may say what to throw", async () => {
  const path = newPath();
  {
    await using first = await holdLock(path);
    expect(first.diedPid).toBeNull();
    await expect(holdLock(path)).rejects.toThrow(`is held by process ${process.pid}`);
    await expect(holdLock(path, { onHeld })).rejects.toThrow(
      `granary is up already, as process ${process.pid}`,
    );
  }
  await using again = await holdLock(path);
  expect(again.diedPid).toBeNull();
});

test("a refused second holder does not loosen the first one's lock", async () => {
  const path = newPath();
  const other = await holder(path);
  for (let n = 0; n < 3; n += 1) await expect(holdLock(path)).rejects.toThrow(LockHeld);
  expect(other.exitCode).toBeNull();
});

test("an id that names no living process is not told", async () => {
  const path = newPath();
  const other = await holder(path);
  await writeFile(`${path}.pid`, "99999999\n");
  const error: unknown = await holdLock(path).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ pid: null, message: `${path} is held by another process` });
  other.stdin?.end();
  await once(other, "exit");
});

test("a lock is given back once, so that it cannot take the next holder's away", async () => {
  const path = newPath();
  const first = await holdLock(path);
  await first[Symbol.asyncDispose]();
  await using second = await holdLock(path);
  expect(second.diedPid).toBeNull();
  await first[Symbol.asyncDispose]();
  expect(await readFile(`${path}.pid`, "utf8")).toBe(`${process.pid}\n`);
  await expect(holdLock(path)).rejects.toThrow(LockHeld);
});
