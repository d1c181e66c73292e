import type { FileHandle } from "node:fs/promises";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { folderArtifacts } from "../src/folderArtifacts.ts";
import { chunks } from "./contract.ts";

const base = await mkdtemp(join(tmpdir(), "granary-durability-"));
/** Inodes of files and folders that were forced to disk, in their order. */
const synced: number[] = [];
let restore: () => void;

beforeAll(async () => {
  await using handle = await open(base, "r");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  // oxlint-disable-next-line unbound-method -- it is called on the handle it is asked of
  const { sync } = prototype;
  prototype.sync = async function witnessed(this: FileHandle) {
    await sync.call(this);
    synced.push((await this.stat()).ino);
  };
  restore = () => {
    prototype.sync = sync;
  };
});
beforeEach(() => {
  synced.length = 0;
});
afterAll(async () => {
  restore();
  await rm(base, { recursive: true, force: true });
});

const inode = async (...path: string[]): Promise<number> => (await stat(join(base, ...path))).ino;

test("a file is forced to disk before its folder names it, and the folder before the put is answered", async () => {
  const artifacts = await folderArtifacts(join(base, "first"));
  await artifacts.put("rq1/results.jsonl", chunks("{}\n"));
  const file = synced.indexOf(await inode("first", "rq1", "results.jsonl"));
  expect(file).toBeGreaterThanOrEqual(0);
  expect(synced.lastIndexOf(await inode("first", "rq1"))).toBeGreaterThan(file);
});

test("a folder that a put makes is forced to disk in its parent", async () => {
  const artifacts = await folderArtifacts(join(base, "second"));
  synced.length = 0;
  await artifacts.put("rq1/gr1/manifest.jsonl", chunks("{}\n"));
  expect(synced).toContain(await inode("second"));
  expect(synced).toContain(await inode("second", "rq1"));
});

test("a put that finds its file there forces the folder to disk all the same", async () => {
  const artifacts = await folderArtifacts(join(base, "third"));
  await artifacts.put("rq1/results.jsonl", chunks("{}\n"));
  synced.length = 0;
  expect(await artifacts.put("rq1/results.jsonl", chunks("{}\n"))).toMatchObject({ existed: true });
  expect(synced).toContain(await inode("third", "rq1"));
});
