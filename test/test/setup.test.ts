import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../src/e2e/rig.ts";
import type { Rig } from "../src/e2e/rig.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";

const SETUP = join(ROOT, "tools/setup.mjs");
const LOCK = { packages: { "": {}, "node_modules/one": { version: "1.0.0", integrity: "sha512-one" } } };

test("the command's exit code is that of the set-up", async () => {
  const rig = await rigOfTest();
  const ended = await rig
    .node([SETUP, "--", "node", "-e", "console.log(process.version); process.exit(7)"])
    .finish();
  expect(ended).toMatchObject({ code: 7, stderr: "" });
  expect(ended.stdout).toMatch(/^v24\./);
});

test("a signal goes on to the command, which ends in its own way", async () => {
  const rig = await rigOfTest();
  const script = `process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("ready")`;
  const setup = rig.node([SETUP, "--", "node", "-e", script]);
  await waitUntil("the command runs", () => setup.stdout().includes("ready"));
  setup.kill("SIGTERM");
  expect(await setup.finish()).toMatchObject({ code: 5 });
});

test("without a command there is nothing to set up for", async () => {
  const rig = await rigOfTest();
  const ended = await rig.node([SETUP]).finish();
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain("usage");
});

/** A checkout of nothing but the set-up and a lockfile, and an `npm` that installs what the lockfile asks for. */
async function freshCheckout(rig: Rig): Promise<() => ReturnType<Rig["node"]>> {
  const checkout = join(rig.folder, "checkout");
  const bin = join(rig.folder, "bin");
  for (const folder of [join(checkout, "tools"), bin]) await mkdir(folder, { recursive: true });
  await copyFile(SETUP, join(checkout, "tools/setup.mjs"));
  await writeFile(join(checkout, "package-lock.json"), JSON.stringify(LOCK));
  const npm = join(bin, "npm");
  await writeFile(
    npm,
    `#!/bin/sh
set -e
echo "npm $1" >> ${join(rig.folder, "calls")}
mkdir -p node_modules/node/bin
ln -sf ${process.execPath} node_modules/node/bin/node
cp package-lock.json node_modules/.package-lock.json
`,
  );
  await chmod(npm, 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env["PATH"]}` };
  const args = [join(checkout, "tools/setup.mjs"), "--", "node", "-p", "1 + 1"];
  return () => rig.node(args, { env });
}

test("a fresh checkout is installed once, and again only when the lockfile asks for something else", async () => {
  const rig = await rigOfTest();
  const setup = await freshCheckout(rig);
  const first = await setup().finish();
  expect(first).toMatchObject({ code: 0, stdout: "2\n" });
  expect(first.stderr).toMatch(/not installed: running npm ci/);
  expect(await setup().finish()).toMatchObject({ code: 0, stdout: "2\n", stderr: "" });

  const newer = { ...LOCK.packages, "node_modules/one": { version: "1.1.0", integrity: "sha512-newer" } };
  await writeFile(join(rig.folder, "checkout/package-lock.json"), JSON.stringify({ packages: newer }));
  const third = await setup().finish();
  expect(third).toMatchObject({ code: 0, stdout: "2\n" });
  expect(third.stderr).toMatch(/not those of package-lock.json: running npm ci/);
  expect(await readFile(join(rig.folder, "calls"), "utf8")).toBe("npm ci\nnpm ci\n");
});
