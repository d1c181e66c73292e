import { createHash } from "node:crypto";
import type { Artifacts } from "@granary/domain";
import { ArtifactMissing, Faulty } from "@granary/domain";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

/** What every store of artifacts has to do. `open` gives an empty one. */
export function testArtifacts(name: string, open: () => Promise<Artifacts>): void {
  describe(`${name} as artifacts`, () => {
    test("a file is read as it was written, and its hash and size are told", async () => {
      const artifacts = await open();
      const ref = await artifacts.put("rq1/input.jsonl", chunks("hello ", "wörld"));
      expect(ref).toEqual({
        path: "rq1/input.jsonl",
        sha256: sha256("hello wörld"),
        bytes: Buffer.byteLength("hello wörld"),
        existed: false,
      });
      expect(await textOf(artifacts.read("rq1/input.jsonl"))).toBe("hello wörld");
      expect(await artifacts.stat("rq1/input.jsonl")).toEqual({ bytes: ref.bytes });
    });

    test("an empty file is a file", async () => {
      const artifacts = await open();
      expect(await artifacts.put("empty", chunks())).toMatchObject({ bytes: 0, sha256: sha256("") });
      expect(await textOf(artifacts.read("empty"))).toBe("");
      expect(await artifacts.stat("empty")).toEqual({ bytes: 0 });
    });

    test("a second put changes nothing and describes what lies there", async () => {
      const artifacts = await open();
      await artifacts.put("a/b", chunks("first"));
      expect(await artifacts.put("a/b", chunks("the second"))).toEqual({
        path: "a/b",
        sha256: sha256("first"),
        bytes: 5,
        existed: true,
      });
      expect(await textOf(artifacts.read("a/b"))).toBe("first");
    });

    test("a put that replaces says whether something was there", async () => {
      const artifacts = await open();
      expect(await artifacts.put("epoch.json", chunks("1"), { replace: true })).toMatchObject({
        existed: false,
      });
      expect(await artifacts.put("epoch.json", chunks("22"), { replace: true })).toEqual({
        path: "epoch.json",
        sha256: sha256("22"),
        bytes: 2,
        existed: true,
      });
      expect(await textOf(artifacts.read("epoch.json"))).toBe("22");
    });

    test("a path may be made from the hash", async () => {
      const artifacts = await open();
      const ref = await artifacts.put((hash) => `rq1/input-${hash.slice(0, 8)}.jsonl`, chunks("abc"));
      expect(ref.path).toBe(`rq1/input-${sha256("abc").slice(0, 8)}.jsonl`);
      expect(await textOf(artifacts.read(ref.path))).toBe("abc");
    });

    test("of many puts to one path at a time one wins, and all tell of it", async () => {
      const artifacts = await open();
      const refs = await Promise.all(
        Array.from({ length: 20 }, (_, index) => artifacts.put("race", chunks(`content ${index}`))),
      );
      const text = await textOf(artifacts.read("race"));
      expect(refs.filter((ref) => !ref.existed)).toHaveLength(1);
      expect(new Set(refs.map((ref) => ref.sha256))).toEqual(new Set([sha256(text)]));
    });

    test("a source that fails leaves nothing", async () => {
      const artifacts = await open();
      await expect(artifacts.put("broken", failing())).rejects.toThrow("the source broke");
      expect(await artifacts.stat("broken")).toBeNull();
      expect(await listed(artifacts, "")).toEqual([]);
    });

    test("a source may use its buffer again", async () => {
      const artifacts = await open();
      await artifacts.put("reused", reusing());
      expect(await textOf(artifacts.read("reused"))).toBe("abc");
    });

    test("a missing file is told when its first byte is asked for", async () => {
      const artifacts = await open();
      const reading = artifacts.read("nothing/here");
      await expect(textOf(reading)).rejects.toThrow(ArtifactMissing);
      await expect(textOf(artifacts.read("nothing/here", { offset: 0, length: 0 }))).rejects.toThrow(
        ArtifactMissing,
      );
      expect(await artifacts.stat("nothing/here")).toBeNull();
      expect(await artifacts.remove("nothing/here")).toBe(false);
    });

    test("any content in any chunks comes back, whole and in ranges", async () => {
      const artifacts = await open();
      let count = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.uint8Array({ maxLength: 40_000, size: "max" }), { maxLength: 12 }),
          fc.nat(300_000),
          fc.nat(300_000),
          async (parts, offset, length) => {
            const path = `random/${(count += 1)}`;
            const whole = Buffer.concat(parts);
            const ref = await artifacts.put(path, stream(parts));
            expect(ref).toMatchObject({ bytes: whole.byteLength, sha256: sha256(whole) });
            expect((await bytesOf(artifacts.read(path))).equals(whole)).toBe(true);
            const part = await bytesOf(artifacts.read(path, { offset, length }));
            expect(part.equals(whole.subarray(offset, offset + length))).toBe(true);
          },
        ),
        { numRuns: 40 },
      );
    });

    test("chunks around the size of a buffer lose no byte", async () => {
      const artifacts = await open();
      const sizes = [1, 262_143, 262_144, 262_145, 600_000, 524_288];
      const parts = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
      const ref = await artifacts.put("sizes", stream(parts));
      expect(ref.sha256).toBe(sha256(Buffer.concat(parts)));
      expect(sha256(await bytesOf(artifacts.read("sizes")))).toBe(ref.sha256);
    });

    test("what is no range is refused", async () => {
      const artifacts = await open();
      await artifacts.put("file", chunks("abc"));
      for (const range of [
        { offset: -1, length: 1 },
        { offset: 0, length: -1 },
        { offset: 0.5, length: 1 },
        { offset: 0, length: Number.NaN },
      ])
        await expect(textOf(artifacts.read("file", range))).rejects.toThrow(RangeError);
    });

    test("a listing has the files below a folder in ascending order of their paths", async () => {
      const artifacts = await open();
      const paths = ["a/x", "a-b", "a.txt", "a/b/c", "ab/x", "a/b.c", "a/b-c", "Z", "0"];
      for (const path of paths) await artifacts.put(path, chunks(path));
      expect(await listed(artifacts, "")).toEqual(paths.toSorted());
      expect(await listed(artifacts, "a")).toEqual(["a/b-c", "a/b.c", "a/b/c", "a/x"]);
      expect(await listed(artifacts, "a/")).toEqual(["a/b-c", "a/b.c", "a/b/c", "a/x"]);
      expect(await listed(artifacts, "Z")).toEqual([]);
      expect(await listed(artifacts, "none/such")).toEqual([]);
    });

    test("a removed file is gone, and its path is free", async () => {
      const artifacts = await open();
      await artifacts.put("a/b", chunks("1"));
      expect(await artifacts.remove("a")).toBe(false);
      expect(await artifacts.remove("a/b")).toBe(true);
      expect(await artifacts.remove("a/b")).toBe(false);
      expect(await artifacts.stat("a/b")).toBeNull();
      expect(await artifacts.put("a/b", chunks("2"))).toMatchObject({ existed: false });
    });

    test("a path that could leave the store, or hide in it, is refused everywhere", async () => {
      const artifacts = await open();
      const bad = [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        ".",
        "..",
        ".hidden",
        "a/.b",
        "a\0b",
      ];
      for (const path of [...bad, "a\\b", "a b", "ä", "C:/x", "a".repeat(129), "a/".repeat(600) + "a"]) {
        await expect(artifacts.put(path, chunks("x"))).rejects.toThrow(Faulty);
        await expect(artifacts.put(() => path, chunks("x"))).rejects.toThrow(Faulty);
        await expect(textOf(artifacts.read(path))).rejects.toThrow(Faulty);
        await expect(artifacts.stat(path)).rejects.toThrow(Faulty);
        await expect(artifacts.remove(path)).rejects.toThrow(Faulty);
      }
      await expect(listed(artifacts, "../")).rejects.toThrow(Faulty);
      expect(await listed(artifacts, "")).toEqual([]);
    });

    test("a file is no folder, and a folder no file", async () => {
      const artifacts = await open();
      await artifacts.put("a/file", chunks("x"));
      await expect(artifacts.put("a/file/below", chunks("y"))).rejects.toThrow(Faulty);
      await expect(artifacts.put("a", chunks("y"))).rejects.toThrow(Faulty);
      await expect(artifacts.put("a", chunks("y"), { replace: true })).rejects.toThrow(Faulty);
      expect(await artifacts.stat("a")).toBeNull();
      expect(await artifacts.stat("a/file/below")).toBeNull();
      await expect(textOf(artifacts.read("a"))).rejects.toThrow(ArtifactMissing);
      expect(await listed(artifacts, "")).toEqual(["a/file"]);
    });
  });
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

export async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  return (await bytesOf(source)).toString("utf8");
}

export async function listed(artifacts: Artifacts, prefix: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { path, bytes } of artifacts.list(prefix)) {
    expect(await artifacts.stat(path)).toEqual({ bytes });
    paths.push(path);
  }
  return paths;
}

async function* stream(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function* reusing(): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(1);
  for (const letter of "abc") {
    buffer.write(letter);
    yield buffer;
  }
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(1_000_000, "x");
  throw new Error("the source broke");
}
