/**
 * Takes out one guard after the other, in a copy of the sources, and demands that the simulation finds a fault:
 * `sabotage.ts [--count SEEDS] [NAME…]`. Exit 0 only if every one is caught.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ROOT, runSimulation } from "./runSimulation.ts";
import { SABOTAGES } from "./sabotages.ts";
import type { Sabotage } from "./sabotages.ts";

const COPIED = ["libs", "services", "apps", "test", "package.json"];

/** A copy of the sources whose packages find each other, and everything else where it is installed. */
export function scratchCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), "granary-sabotage-"));
  for (const name of COPIED)
    cpSync(join(ROOT, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/[/\\](?:node_modules|dist|\.nx)(?:[/\\]|$)/.test(path.slice(ROOT.length)),
    });
  mkdirSync(join(copy, "node_modules", "@granary"), { recursive: true });
  const installed = join(ROOT, "node_modules");
  for (const name of readdirSync(installed))
    if (name !== "@granary") symlinkSync(join(installed, name), join(copy, "node_modules", name));
  for (const folder of ["libs", "services", "apps"])
    for (const name of readdirSync(join(copy, folder)))
      symlinkSync(join(copy, folder, name), join(copy, "node_modules", "@granary", name));
  return copy;
}

/** What the simulation says of a copy with one guard gone. */
export interface Verdict {
  readonly name: string;
  readonly caught: boolean;
  readonly seed: number | null;
  readonly fault: string;
}

/** Runs the simulation over a sabotaged copy until a seed finds a fault. */
export async function trySabotage(
  copy: string,
  { name, file, find, replace }: Sabotage,
  count: number,
): Promise<Verdict> {
  const path = join(copy, file);
  const before = readFileSync(path, "utf8");
  if (!before.includes(find))
    return { name, caught: false, seed: null, fault: `${file} has no such text any more` };
  const after = before.replace(find, () => replace);
  writeFileSync(path, after);
  try {
    const { faulty } = await runSimulation({ count, untilFault: true }, copy);
    const [first] = faulty;
    return { name, caught: first !== undefined, seed: first?.seed ?? null, fault: first?.faults[0] ?? "" };
  } finally {
    writeFileSync(path, before);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { count: { type: "string", default: "400" } },
  });
  const copy = scratchCopy();
  try {
    const chosen = SABOTAGES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    for (const sabotage of chosen) {
      const verdict = await trySabotage(copy, sabotage, Number(values.count));
      console.log(
        `${verdict.caught ? "caught" : "MISSED"}  ${verdict.name}  seed ${verdict.seed ?? "-"}  ${verdict.fault.slice(0, 160)}`,
      );
      if (!verdict.caught) process.exitCode = 1;
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
