import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ArtifactMissing, Faulty } from "@granary/domain";
import { afterAll, expect, test } from "vitest";
import { folderArtifacts } from "../src/folderArtifacts.ts";
import { chunks, listed, sha256, testArtifacts, textOf } from "./contract.ts";

const base = await mkdtemp(join(tmpdir(), "granary-artifacts-"));
let count = 0;
const newFolder = (): string => join(base, `store-${(count += 1)}`, "artifacts");
const NODE_OPTIONS = ["--conditions=@granary/source"];
const WRITER = join(import.meta.dirname, "writer.ts");

afterAll(() => rm(base, { recursive: true, force: true }));

testArtifacts("a folder", () => folderArtifacts(newFolder()));

test("files lie where their paths say, and a second opening finds them", async () => {
  const folder = newFolder();
  await (await folderArtifacts(folder)).put("rq1/gr1/provider/results.jsonl", chunks("{}\n"));
  expect(await readFile(join(folder, "rq1/gr1/provider/results.jsonl"), "utf8")).toBe("{}\n");
  expect(await textOf((await folderArtifacts(folder)).read("rq1/gr1/provider/results.jsonl"))).toBe("{}\n");
});

test("nothing unfinished stays behind after puts that succeed, lose or fail", async () => {
  const folder = newFolder();
  const artifacts = await folderArtifacts(folder);
  await artifacts.put("a", chunks("1"));
  await artifacts.put("a", chunks("2"));
  await artifacts.put("a", chunks("3"), { replace: true });
  await expect(artifacts.put(() => "../a", chunks("4"))).rejects.toThrow(Faulty);
  await expect(artifacts.put("a/b", chunks("5"))).rejects.toThrow(Faulty);
  expect(await unfinished(folder)).toEqual([]);
});

test("a folder that somebody removed meanwhile is made again", async () => {
  const folder = newFolder();
  const artifacts = await folderArtifacts(folder);
  await artifacts.put("rq1/task/a", chunks("1"));
  await rm(join(folder, "rq1"), { recursive: true });
  expect(await artifacts.put("rq1/task/a", chunks("2"))).toMatchObject({ existed: false });
  expect(await textOf(artifacts.read("rq1/task/a"))).toBe("2");
});

test("symbolic links lead nowhere, be they files or folders, and however deep", async () => {
  const folder = newFolder();
  const artifacts = await folderArtifacts(folder);
  const outside = join(base, `outside-${count}`);
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "secret");
  await artifacts.put("known/file", chunks("x"));
  await symlink(outside, join(folder, "out"));
  await symlink(join(outside, "secret"), join(folder, "link"));
  await symlink(join(outside, "new"), join(folder, "dangling"));
  for (const path of ["out/secret", "link"]) {
    await expect(textOf(artifacts.read(path))).rejects.toThrow(Faulty);
    await expect(artifacts.stat(path)).rejects.toThrow(Faulty);
    await expect(artifacts.remove(path)).rejects.toThrow(Faulty);
    await expect(artifacts.put(path, chunks("y"))).rejects.toThrow(Faulty);
  }
  await expect(artifacts.put("out/below/new", chunks("y"))).rejects.toThrow(Faulty);
  await expect(artifacts.put("dangling", chunks("y"))).rejects.toThrow(Faulty);
  await expect(textOf(artifacts.read("dangling"))).rejects.toThrow(ArtifactMissing);
  // A folder that was written to before is looked at again.
  await rm(join(folder, "known"), { recursive: true });
  await symlink(outside, join(folder, "known"));
  await expect(artifacts.put("known/file", chunks("y"))).rejects.toThrow(Faulty);
  expect(await listed(artifacts, "")).toEqual([]);
  expect(await readdir(outside)).toEqual(["secret"]);
});

test("a put that is killed half way leaves nothing to see, and the next opening clears it away", async () => {
  const folder = newFolder();
  const child = writer([folder, "rq1/results.jsonl", "a", "8000000", "hang"]);
  expect(await child.nextLine()).toBe("begun");
  child.process.stdin?.write("go\n");
  const artifacts = await folderArtifacts(folder);
  expect(await unfinished(folder)).toHaveLength(1);
  child.process.kill("SIGKILL");
  await once(child.process, "exit");
  expect(await artifacts.stat("rq1/results.jsonl")).toBeNull();
  expect(await listed(artifacts, "")).toEqual([]);
  expect(await unfinished(folder)).toHaveLength(1);
  await folderArtifacts(folder);
  expect(await unfinished(folder)).toEqual([]);
  expect(await artifacts.put("rq1/results.jsonl", chunks("b"))).toMatchObject({ existed: false });
});

test("a fresh file of another machine is left alone, and an unknown name too", async () => {
  const folder = newFolder();
  await folderArtifacts(folder);
  const names = [`${"0".repeat(12)}-1-1-${"0".repeat(18)}`, "someone-elses"];
  for (const name of names) await writeFile(join(folder, ".unfinished", name), "x");
  await folderArtifacts(folder);
  expect(await unfinished(folder)).toEqual(names);
});

test("of two processes that put one path at a time one wins, and both tell the same hash", async () => {
  const folder = newFolder();
  const children = ["a", "b"].map((content) => writer([folder, "shared/file", content, "3000000"]));
  for (const child of children) expect(await child.nextLine()).toBe("begun");
  for (const child of children) child.process.stdin?.write("go\n");
  const refs = await Promise.all(
    children.map(async (child) => JSON.parse(await child.nextLine()) as { sha256: string; existed: boolean }),
  );
  const artifacts = await folderArtifacts(folder);
  const text = await textOf(artifacts.read("shared/file"));
  expect(["a".repeat(3_000_000), "b".repeat(3_000_000)]).toContain(text);
  expect(refs.map((ref) => ref.sha256)).toEqual([sha256(text), sha256(text)]);
  expect(new Set(refs.map((ref) => ref.existed))).toEqual(new Set([false, true]));
});

/** How a small file system can be had here: as root, or inside a user namespace; null where neither works. */
const namespace = [["--mount"], ["--user", "--map-root-user", "--mount"]].find(
  (options) =>
    process.platform === "linux" &&
    spawnSync("unshare", [...options, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", base]).status === 0,
);
if (!namespace)
  console.warn(
    "SKIPPED, a full disk: no small file system can be mounted here (needs Linux and `unshare --mount`)",
  );

test.skipIf(!namespace)("a full disk is told as StorageFull, and nothing is left behind", async () => {
  const disk = join(base, "disk");
  await mkdir(disk);
  const script = join(import.meta.dirname, "fullDisk.ts");
  const printed = execFileSync(
    "unshare",
    [
      ...(namespace ?? []),
      "sh",
      "-c",
      `mount -t tmpfs -o size=2m tmpfs "$1" && shift && exec "$@"`,
      "sh",
      disk,
      process.execPath,
      ...NODE_OPTIONS,
      script,
      disk,
    ],
    { encoding: "utf8" },
  );
  expect(JSON.parse(printed)).toEqual({
    tooLarge: "StorageFull",
    stat: null,
    listed: ["small"],
    unfinished: [],
    small: "x".repeat(1000),
    afterwards: { bytes: 1_000_000, existed: false },
  });
});

async function unfinished(folder: string): Promise<readonly string[]> {
  return (await readdir(join(folder, ".unfinished"))).toSorted();
}

function writer(args: readonly string[]): { process: ChildProcess; nextLine(): Promise<string> } {
  const child = spawn(process.execPath, [...NODE_OPTIONS, WRITER, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    async nextLine() {
      const { value, done } = await lines.next();
      return done ? "(the writer ended)" : value;
    },
  };
}
