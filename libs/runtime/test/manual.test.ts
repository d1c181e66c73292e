import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ENVIRONMENT } from "../src/config/environmentTable.ts";
import { fileFields } from "../src/config/fileFields.ts";
import { configurationManual, environmentExample, EXAMPLE_FILE } from "../src/config/manual.ts";
import { KEY, readYaml } from "./readWith.ts";

const TOOL = join(import.meta.dirname, "../../../tools/generate-config-docs.ts");

function generate(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@granary/source", TOOL, ...args],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

test("the pages that lie here are what the program reads by", () => {
  expect(generate("--check")).toEqual({
    status: 0,
    stdout: "2 files on configuration, 0 out of date\n",
    stderr: "",
  });
});

test("a page that is missing or changed is noticed, and written anew", () => {
  const folder = mkdtempSync(join(tmpdir(), "granary-manual-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(generate("--check", folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(".env") as string,
  });
  expect(generate(folder)).toMatchObject({ status: 0 });
  expect(generate("--check", folder)).toMatchObject({ status: 0 });
  appendFileSync(join(folder, "docs/configuration.md"), "More.\n");
  const { status, stderr } = generate("--check", folder);
  expect([status, stderr.split("\n")[0]]).toEqual([
    1,
    "docs/configuration.md is not what the program reads by",
  ]);
  expect(readFileSync(join(folder, ".env.example"), "utf8")).toBe(environmentExample());
});

test("the example has every variable once, and none has a value", () => {
  const lines = environmentExample()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines).toEqual(ENVIRONMENT.map(({ name }) => `${name}=`));
});

test("the manual has every variable and every field of the file, with who reads it and what it means", () => {
  const manual = configurationManual();
  for (const { name, meaning, secret } of ENVIRONMENT)
    expect(manual).toContain(`| \`${name}\`${secret ? " (secret)" : ""} | ${meaning} |`);
  expect(manual).toMatch(/\| `NATS_URL` \(secret\) \|.*\| services, commands \|/);
  const fields = fileFields();
  for (const { path, meaning } of fields) {
    expect(manual).toContain(`| \`${path}\` |`);
    expect(meaning).not.toBe("");
  }
  expect(fields.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      "accounts[].provider",
      "accounts[].durations.jobTimeout",
      "accounts[].limits.dailyUsd",
      "accounts[].headers",
      "models",
      "prices[].batch",
      "sources.<name>.maxBacklog",
    ]),
  );
  expect(fields.find(({ path }) => path === "prices[].batch")?.default).toBe("`0.5`");
  expect(fields.find(({ path }) => path === "accounts[].mode")).toMatchObject({
    form: "`live` or `simulated`",
    default: "needed",
  });
});

test("the example of the file is one that is taken", () => {
  const files = { "/run/secrets/openai-eu": KEY };
  expect(readYaml(EXAMPLE_FILE, {}, { files })).toMatchObject({
    accounts: [{ settings: { id: "openai:eu", limits: { jobs: 50, dailyMicros: 200_000_000 } } }],
    sources: { billing: { dailyMicros: 50_000_000, maxBacklog: 100_000 } },
  });
  expect(configurationManual()).toContain(EXAMPLE_FILE);
});
