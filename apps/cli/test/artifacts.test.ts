import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { memoryArtifacts } from "@granary/artifacts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { fetchFile } from "../src/artifacts/fetchFile.ts";
import { Altered } from "../src/artifacts/provenRead.ts";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

interface Fetched {
  readonly files: readonly {
    readonly path: string;
    readonly kind: string;
    readonly sha256: string;
    readonly fetched: string;
  }[];
}

const here = scratch();
afterAll(async () => here[Symbol.asyncDispose]());
const stored = (path: string): string => join(here.folder, ".granary", "artifacts", path);
const shaOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
const recordedAt = (path: string) => ({ kind: "raw" as const, path, sha256: "0", bytes: 1 });
const fetchAll = async (to: string, ...more: string[]) =>
  here.json<Fetched>(["artifacts", "fetch", "r", "--to", to, ...more]);

beforeAll(async () => {
  const up = await here.up();
  const long = "a long prompt that is kept in a file, ".repeat(60);
  const file = here.write("items.jsonl", items(40, long));
  const { code, stderr } = await here.granary(["submit", file, "--id", "r", "--model", "gpt-4o-mini"]);
  if (code !== 0) throw new Error(stderr);
  up.child.kill("SIGTERM");
  await up.ended;
});

describe("artifacts", () => {
  test("of a request alone are listed, as by list", async () => {
    const short = await here.json<{ files: unknown[] }>(["artifacts", "r"]);
    expect(short.files.length).toBeGreaterThan(3);
    expect(await here.json(["artifacts", "list", "r"])).toEqual(short);
    expect(await here.granary(["artifacts"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("are fetched byte for byte, by kind, and not again", async () => {
    const { files } = await fetchAll("copies");
    expect(new Set(files.map(({ kind }) => kind))).toEqual(new Set(["input", "raw", "verdicts", "manifest"]));
    for (const { path, sha256 } of files) expect(shaOf(join(here.folder, "copies", path))).toBe(sha256);
    expect(new Set(files.map(({ fetched }) => fetched))).toEqual(new Set(["written"]));
    const again = await fetchAll("copies");
    expect(new Set(again.files.map(({ fetched }) => fetched))).toEqual(new Set(["there already"]));
    const raw = await fetchAll("raw-only", "--only", "raw");
    expect(raw.files.map(({ kind }) => kind)).toEqual(["raw"]);
    const wrong = await here.granary(["artifacts", "fetch", "r", "--only", "nothing"]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
  });

  test("are not written over what is something else, and the others are", async () => {
    const { files } = await fetchAll("kept");
    const [one, two] = files.map(({ path }) => path);
    writeFileSync(join(here.folder, "kept", one ?? ""), "mine");
    rmSync(join(here.folder, "kept", two ?? ""));
    const { code, stderr } = await here.granary(["artifacts", "fetch", "r", "--to", "kept"]);
    expect(code).toBe(1);
    expect(stderr).toContain("is something else: move it away, or name another folder");
    expect(readFileSync(join(here.folder, "kept", one ?? ""), "utf8")).toBe("mine");
    expect(existsSync(join(here.folder, "kept", two ?? ""))).toBe(true);
  });

  test("cannot be written where there is no folder to be had", async () => {
    here.write("a-file", "no folder");
    const { code, stderr, stdout } = await here.granary(["artifacts", "fetch", "r", "--to", "a-file/below"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/cannot write below .*a-file\/below: ENOTDIR/);
  });

  test("are proven, and one that is altered or gone is named with its remedy", async () => {
    const fine = await here.json<{ files: number; faults: unknown[] }>(["artifacts", "verify", "--all"]);
    expect(fine).toMatchObject({ faults: [] });
    expect(fine.files).toBeGreaterThan(3);
    const { files } = await fetchAll("before");
    const [input, raw] = ["input", "raw"].map(
      (wanted) => files.find(({ kind }) => kind === wanted)?.path ?? "",
    );
    const bytes = readFileSync(stored(input ?? ""));
    const rawBytes = readFileSync(stored(raw ?? ""));
    try {
      const altered = Buffer.from(bytes);
      altered[100] = (altered[100] ?? 0) ^ 1;
      writeFileSync(stored(input ?? ""), altered);
      rmSync(stored(raw ?? ""));
      const { code, stdout } = await here.granary(["artifacts", "verify", "r"]);
      expect(code).toBe(1);
      expect(stdout).toContain(`${input} has the SHA-256 `);
      expect(stdout).toContain(`${raw} is missing: put it back from a copy`);
      expect(stdout).toContain("2 not what was recorded");
      const fetched = await here.granary(["artifacts", "fetch", "r", "--to", "after"]);
      expect(fetched.code).toBe(1);
      expect(existsSync(join(here.folder, "after", input ?? ""))).toBe(false);
      // Nor is anything left of it that looks like a file.
      const left = readdirSync(join(here.folder, "after"), { recursive: true });
      expect(left.filter((name) => String(name).endsWith(".unfinished"))).toEqual([]);
    } finally {
      writeFileSync(stored(input ?? ""), bytes);
      writeFileSync(stored(raw ?? ""), rawBytes);
    }
    expect((await here.granary(["artifacts", "verify", "r"])).code).toBe(0);
    expect((await here.granary(["artifacts", "verify"])).code).toBe(2);
    expect((await here.granary(["artifacts", "verify", "r", "--all"])).code).toBe(2);
  });
});

describe("a file that is fetched", () => {
  test.each(["../out", "a/../../out", "/etc/out", "", "."])("never leaves its folder as %j", async (path) => {
    const folder = join(here.folder, "bounded");
    mkdirSync(folder, { recursive: true });
    await expect(fetchFile(memoryArtifacts(), recordedAt(path), folder)).rejects.toThrow(Altered);
    await expect(fetchFile(memoryArtifacts(), recordedAt(path), folder)).rejects.toThrow("leads out of");
    expect(existsSync(join(here.folder, "out"))).toBe(false);
  });

  test("does not follow a link out of its folder", async () => {
    const [folder, outside] = [join(here.folder, "linked"), join(here.folder, "outside")];
    for (const made of [folder, outside]) mkdirSync(made);
    symlinkSync(outside, join(folder, "rq"));
    await expect(fetchFile(memoryArtifacts(), recordedAt("rq/file"), folder)).rejects.toThrow("leads out of");
    expect(readdirSync(outside)).toEqual([]);
  });
});
