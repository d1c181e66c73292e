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
  const file = await scenarioFile(rig, scenario);
  const process = rig.node([simulatorMain, "--folder", folder, "--scenario", file]);
  let over = false;
  void process.exited.then(() => (over = true));
  await waitUntil("the simulator listens", () => process.stdout().includes("\n") || over);
  if (over) throw new Error(`the simulator did not start: ${process.stderr()}`);
  const { url } = JSON.parse(process.stdout()) as { url: string };
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
