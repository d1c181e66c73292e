import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { commandManual } from "../src/manual/commandManual.ts";
import { program } from "../src/program.ts";

vi.setConfig({ testTimeout: 60_000 });

const tool = join(import.meta.dirname, "..", "..", "..", "tools", "generate-cli-docs.ts");
const folder = mkdtempSync(join(tmpdir(), "granary-manual-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function generate(...args: readonly string[]) {
  return spawnSync(process.execPath, ["--conditions=@granary/source", tool, folder, ...args], {
    encoding: "utf8",
  });
}

describe("the manual of the command", () => {
  test("has each command with its options, choices, defaults and examples, and links to what it has", () => {
    const manual = commandManual();
    const names = program().commands.map((command) => command.name());
    const lacking = names.filter((name) => !new RegExp(`\n### granary ${name}\\b`).test(manual));
    expect(lacking).toEqual(["complete"]);
    const cost = manual.split("\n### granary cost\n")[1]?.split("\n### ")[0] ?? "";
    expect(cost).toContain("granary cost [options] [request]");
    expect(cost).toMatch(/\| `--by <group>` \| .*metadata:KEY \| `source` \|/);
    expect(cost).toContain("a day is the UTC day of that");
    expect(cost).toContain("\ngranary cost --by metadata:team --source nightly");
    expect(manual).toMatch(
      /`--only <kind>` \| only files of this kind: `results`, `raw`, `verdicts`, `input`/,
    );
    const anchors = new Set(
      [...manual.matchAll(/^### (.*)$/gm)].map(([, name = ""]) => `#${name.replaceAll(" ", "-")}`),
    );
    const links = [...manual.matchAll(/\]\((#[^)]*)\)/g)].map(([, link]) => link);
    expect(links.filter((link) => !anchors.has(link ?? ""))).toEqual([]);
  });

  test("is written by the tool, which tells when it is out of date", () => {
    expect(generate("--check").status).toBe(1);
    expect(generate().status).toBe(0);
    expect(generate("--check").status).toBe(0);
    const path = join(folder, "docs", "cli.md");
    writeFileSync(path, readFileSync(path, "utf8").replace("granary cost", "granary price"));
    const stale = generate("--check");
    expect(stale.status).toBe(1);
    expect(stale.stderr).toContain("is not what the command is");
  });
});
