import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Artifacts } from "@granary/domain";
import { ArtifactMissing, Faulty } from "@granary/domain";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fuzzAsync, FUZZ_TEST_MS, hostileText } from "../../../tools/fuzz.ts";
import { folderArtifacts } from "../src/folderArtifacts.ts";
import { memoryArtifacts } from "../src/memoryArtifacts.ts";
import { chunks, textOf } from "./contract.ts";

const base = await mkdtemp(join(tmpdir(), "granary-paths-"));
const outside = join(base, "outside");
const root = join(base, "store");
const SECRET = "outside of the store";
let artifacts: Artifacts;

beforeAll(async () => {
  await mkdir(outside);
  await writeFile(join(outside, "secret"), SECRET);
  artifacts = await folderArtifacts(root);
  await artifacts.put("rq1/input.jsonl", chunks("inside"));
  await symlink(outside, join(root, "out"));
  await symlink(join(outside, "secret"), join(root, "rq1", "link"));
  await symlink("..", join(root, "rq1", "up"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const segment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("rq1", "input.jsonl", "out", "link", "up", "secret", "outside", "store"),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "..",
      ".",
      "",
      "...",
      "%2e%2e",
      "..%2f",
      "..\\",
      "\0",
      "\u2024\u2024",
      "~",
      "C:",
      "-",
      ".",
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom("a".repeat(128), "a".repeat(129), "x".repeat(2_000)) },
  { weight: 2, arbitrary: hostileText },
);
const path = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "rq1/input.jsonl",
      "rq1/link",
      "out/secret",
      "rq1/up/up",
      "rq1/up/outside/secret",
    ),
  },
  { weight: 8, arbitrary: fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/")) },
  { weight: 1, arbitrary: fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join("/")}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(join(outside, "secret"), `${root}/rq1/input.jsonl`, `${"a/".repeat(600)}a`),
  },
);

/** What an answer was; "refused" and "missing" are the only errors there may be. */
async function outcomeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Faulty) return "refused";
    if (error instanceof ArtifactMissing) return "missing";
    throw error;
  }
}

test(
  "no path leads out of the folder, be it read, listed, written or removed",
  async () => {
    const inMemory = memoryArtifacts();
    await inMemory.put("rq1/input.jsonl", chunks("inside"));
    const seen = new Set<string>();
    await fuzzAsync(path, async (name) => {
      const text = await outcomeOf(async () => textOf(artifacts.read(name)));
      expect(text).not.toBe(SECRET);
      seen.add(String(text));
      const found = await outcomeOf(async () => artifacts.stat(name));
      if (typeof found === "object" && found !== null) expect(text).toBe("inside");
      // What is no name in one adapter is none in the other; links are the folder's alone.
      if ((await outcomeOf(async () => textOf(inMemory.read(name)))) === "refused")
        expect(text).toBe("refused");
      const listed = await outcomeOf(async () => Array.fromAsync(artifacts.list(name)));
      if (Array.isArray(listed))
        for (const entry of listed) expect(entry).toEqual({ path: "rq1/input.jsonl", bytes: 6 });
      if (text === "inside") return;
      await outcomeOf(async () => artifacts.remove(name));
      const put = await outcomeOf(async () => artifacts.put(name, chunks("new")));
      if (put !== "refused") expect(await artifacts.remove(name)).toBe(true);
    });
    expect([...seen].toSorted()).toEqual(["inside", "missing", "refused"]);
    expect(await readdir(outside)).toEqual(["secret"]);
    expect(await readFile(join(outside, "secret"), "utf8")).toBe(SECRET);
    expect((await readdir(base)).toSorted()).toEqual(["outside", "store"]);
    expect(await textOf(artifacts.read("rq1/input.jsonl"))).toBe("inside");
  },
  FUZZ_TEST_MS,
);
