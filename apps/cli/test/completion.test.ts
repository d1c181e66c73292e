import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { items, scratch } from "./scratch.ts";

vi.setConfig({ testTimeout: 60_000 });

const here = scratch();
afterAll(async () => here[Symbol.asyncDispose]());
const hasBash = spawnSync("bash", ["--version"]).status === 0;

/** What a shell is offered after these words. */
async function offered(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await here.granary(["complete", "--", ...words], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.at(-1)).toMatch(/^:\d+$/);
  return lines.slice(0, -1).map((line) => line.split("\t", 1)[0]);
}

describe("completion", () => {
  test.each(["bash", "zsh", "fish", "powershell"])(
    "writes a script for %s that asks granary",
    async (shell) => {
      const { code, stdout, stderr } = await here.granary(["completion", shell]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/granary complete/);
    },
  );

  test.skipIf(!hasBash)("is bash that bash can read", async () => {
    const { stdout } = await here.granary(["completion", "bash"]);
    const read = spawnSync("bash", ["-n"], { input: stdout, encoding: "utf8" });
    expect({ status: read.status, stderr: read.stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("refuses a shell it does not know, and names those it does", async () => {
    const { code, stderr, stdout } = await here.granary(["completion", "tcsh"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Allowed choices are bash, zsh, fish, powershell");
  });

  test("offers commands, subcommands, options and choices", async () => {
    expect(await offered(["co"])).toEqual(["cost", "completion"]);
    expect(await offered(["artifacts", "f"])).toEqual(["fetch"]);
    expect(await offered(["cost", "--un"])).toEqual(["--until"]);
    expect(await offered(["list", "--state", ""])).toEqual(["accepted", "running", "closing", "ended"]);
    expect(await offered(["cost", "--by", "m"])).toEqual(["model", "metadata:"]);
  });

  test("offers the requests of a store that is here, by their source, and makes none that is not", async () => {
    expect(await offered(["show", ""])).toEqual([]);
    expect(existsSync(join(here.folder, ".granary"))).toBe(false);
    const file = here.write("items.jsonl", items(1));
    for (const [id, source] of [
      ["alpha", "cli"],
      ["beta", "nightly"],
    ] as const) {
      const submit = ["submit", file, "--id", id, "--source", source, "--model", "gpt-4o-mini", "--no-wait"];
      expect((await here.granary(submit)).code).toBe(0);
    }
    expect(await offered(["results", ""])).toEqual(["alpha"]);
    expect(await offered(["results", "b"])).toEqual([]);
    expect(await offered(["results", "--source", "nightly", ""])).toEqual(["beta"]);
    expect(await offered(["artifacts", "verify", "al"])).toEqual(["alpha"]);
    expect(await offered(["list", ""])).toEqual([]);
  });

  test("says nothing where the store or the configuration is broken", async () => {
    const broken = here.write("broken.db", "this is no database at all");
    expect(await offered(["show", ""], { GRANARY_SQLITE: broken })).toEqual([]);
    expect(await offered(["show", ""], { GRANARY_CONFIG: "nowhere.yaml" })).toEqual([]);
    expect(await offered(["show", ""], { MONGODB_URI: "mongodb://127.0.0.1:9/granary" })).toEqual([]);
  });
});

describe("--version", () => {
  test("says what runs, and with --json on which Node", async () => {
    const plain = await here.granary(["--version"]);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(plain.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const built = await here.granary(["-V"], { GRANARY_COMMIT: "abc123" });
    expect(built.stdout).toBe(`${plain.stdout.trim()} (abc123)\n`);
    expect(await here.json(["--version"])).toMatchObject({
      version: plain.stdout.trim(),
      commit: null,
      node: process.versions.node,
    });
  });
});
