import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dependencyFaults } from "../../tools/dependency-faults.ts";
import type { LockedPackage, Lockfile, Manifest } from "../../tools/dependency-faults.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));
const lock = read("package-lock.json") as Lockfile;
const manifests: Readonly<Record<string, Manifest>> = Object.fromEntries(
  ["package.json", ...globSync("{libs,services,apps}/*/package.json", { cwd: root })].map((path) => [
    path,
    read(path) as Manifest,
  ]),
);

/** The faults once an entry of the lockfile is another. */
function faultsWith(path: string, changed: LockedPackage): readonly string[] {
  return dependencyFaults(
    { ...lock, packages: { ...lock.packages, [path]: { ...lock.packages[path], ...changed } } },
    manifests,
  );
}

test("the lockfile and the manifests have no faults", () => {
  expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
  expect(dependencyFaults(lock, manifests)).toEqual([]);
});

describe("a dependency is told of", () => {
  const ZOD = "node_modules/zod";
  test.each<readonly [string, LockedPackage, RegExp]>([
    [
      "that comes from a place of its own",
      { resolved: "git+ssh://example.org/zod.git#main" },
      /names its own source/,
    ],
    ["whose content is not pinned", { integrity: "" }, /no SHA-512/],
    [
      "whose content is pinned by a weak hash",
      { integrity: "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
      /no SHA-512/,
    ],
    ["of no exact version", { version: "^4.0.0" }, /no exact version/],
    ["under a licence that nobody decided about", { license: "AGPL-3.0" }, /zod is under AGPL-3.0/],
    ["that runs something when it is installed", { hasInstallScript: true }, /^zod: runs something/],
  ])("%s", (_what, changed, message) => {
    const faults = faultsWith(ZOD, changed);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
  });

  test("that is there in two majors", () => {
    const other = { ...lock.packages[ZOD], version: "3.25.0" };
    expect(faultsWith("libs/domain/node_modules/zod", other)).toEqual([
      expect.stringMatching(/^zod: is there in .*3\.25\.0/),
    ]);
  });

  test("that is asked for by a range, or whose script runs against the decision", () => {
    const faults = dependencyFaults(lock, {
      ...manifests,
      "package.json": {
        devDependencies: { vitest: "^5" },
        allowScripts: { node: true, nx: true, other: false },
      },
    });
    expect(faults).toEqual([
      "package.json: vitest is asked for as ^5: name one exact version",
      expect.stringMatching(/^package.json: allowScripts.nx has to be false/),
      expect.stringMatching(/^package.json: allowScripts.protobufjs has to be false/),
      expect.stringMatching(/^package.json: allowScripts.other is about a package that runs nothing/),
    ]);
  });
});
