import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Assignment } from "./contender.ts";
import type { Measurement } from "./measurement.ts";

/** The programs in `contenders/`. */
export type Contender =
  | "granaryEndToEnd"
  | "bareEndToEnd"
  | "granaryHarvest"
  | "bareHarvest"
  | "granaryAccept"
  | "bareAccept";

/**
 * Runs a contender in a process of its own and gives what it measured.
 * @param profileFolder where a CPU profile of the process is left; none is taken without it
 * @throws Error where it fails, or did not bring every item home
 */
export async function runContender(
  contender: Contender,
  assignment: Assignment,
  profileFolder?: string,
): Promise<Measurement> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const program = fileURLToPath(new URL(`contenders/${contender}.${extension}`, import.meta.url));
  const profiling = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const child = spawn(
    process.execPath,
    [...process.execArgv, ...profiling, program, JSON.stringify(assignment)],
    // Nothing of the environment: a key or a proxy of this machine is no part of the comparison.
    { stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env["PATH"] } },
  );
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`${contender} ended with ${code}`);
  const measurement = JSON.parse(said) as Measurement;
  if (measurement.items !== assignment.items)
    throw new Error(`${contender} brought ${measurement.items} of ${assignment.items} items home`);
  return measurement;
}
