import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** The root of this checkout. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** What a process that ran seeds says at its end. */
export interface Totals {
  readonly seeds: number;
  readonly fewestTurns: number;
  readonly crashes: number;
  readonly faulty: readonly { readonly seed: number; readonly faults: readonly string[] }[];
}

/** Runs seeds in a process of their own, on the sources below `root`. @throws Error with what it said, where it broke */
export async function runSimulation(
  options: { readonly from?: number; readonly count: number; readonly untilFault?: boolean },
  root: string = ROOT,
): Promise<Totals> {
  const { from = 1, count, untilFault = false } = options;
  const child = spawn(
    process.execPath,
    [
      "--conditions=@granary/source",
      join(root, "test/src/simulation/main.ts"),
      "--from",
      String(from),
      "--count",
      String(count),
      ...(untilFault ? ["--until-fault"] : []),
    ],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const last = said.trim().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) throw new Error(`the simulation broke: ${complained.slice(0, 2_000)}`);
  return JSON.parse(last) as Totals;
}
