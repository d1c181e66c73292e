import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ScenarioInput } from "@granary/simulator";
import { simulatorMain } from "@granary/simulator";
import type { Rig, Started } from "./rig.ts";
import { waitUntil } from "./waitUntil.ts";

/** A simulator in a process of its own. */
export interface SimulatorProcess {
  readonly url: string;
  readonly process: Started;
  /** Puts another scenario in force, for the calls and jobs to come. */
  change(scenario: ScenarioInput): Promise<void>;
}

/** Starts a simulator on a folder; where it has run before it goes on. */
export async function startSimulatorProcess(
  rig: Rig,
  folder: string,
  scenario: ScenarioInput,
): Promise<SimulatorProcess> {
  await mkdir(folder, { recursive: true });
  const process = rig.node([
    simulatorMain,
    "--folder",
    folder,
    "--scenario",
    await scenarioFile(rig, scenario),
  ]);
  const line = await waitUntil(
    "the simulator says where it listens",
    async () => process.stdout().split("\n").at(-2) ?? (await failed(process)),
  );
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    process,
    async change(next) {
      const response = await fetch(`${url}/scenario`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(next),
      });
      if (!response.ok) throw new Error(await response.text());
    },
  };
}

/** Writes a scenario down for a process that wants a file. */
export async function scenarioFile(rig: Rig, scenario: ScenarioInput): Promise<string> {
  const path = join(rig.folder, "scenario.json");
  await writeFile(path, JSON.stringify(scenario));
  return path;
}

async function failed(process: Started): Promise<null> {
  const ended = await Promise.race([process.exited, null]);
  if (ended) throw new Error(`the simulator did not start: ${process.stderr()}`);
  return null;
}
