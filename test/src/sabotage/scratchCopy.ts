import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../simulation/runSimulation.ts";

const PACKAGES = ["libs", "services", "apps"];
const COPIED = [
  ...PACKAGES,
  "test",
  "package.json",
  "vitest.config.ts",
  "tsconfig.base.json",
  "tools/ci-reporter.ts",
];
/** What tools leave in a package's `node_modules`: it speaks of the sources there, not of those in the copy. */
const LEFT = new Set([".vite", ".bin"]);

/** A copy of the sources whose packages find each other, and everything else where it is installed. */
export function scratchCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), "granary-sabotage-"));
  for (const name of COPIED)
    cpSync(join(ROOT, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/[/\\](?:node_modules|dist|\.nx)(?:[/\\]|$)/.test(path.slice(ROOT.length)),
    });
  linkInstalled(copy, ".", "@granary");
  mkdirSync(join(copy, "node_modules", "@granary"));
  for (const folder of PACKAGES)
    for (const name of readdirSync(join(copy, folder))) {
      symlinkSync(join(copy, folder, name), join(copy, "node_modules", "@granary", name));
      linkInstalled(copy, join(folder, name));
    }
  linkInstalled(copy, "test");
  return copy;
}

/** Makes what is installed for one folder be found from the copy of it. */
function linkInstalled(copy: string, folder: string, except?: string): void {
  const installed = join(ROOT, folder, "node_modules");
  if (!existsSync(installed)) return;
  mkdirSync(join(copy, folder, "node_modules"));
  for (const name of readdirSync(installed))
    if (name !== except && !LEFT.has(name))
      symlinkSync(join(installed, name), join(copy, folder, "node_modules", name));
}
