import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSimulator } from "@granary/cli";
import type { ScenarioInput } from "@granary/simulator";

/** A folder of its own and a simulator in it, for one case of a benchmark. */
export interface Workbench extends AsyncDisposable {
  readonly folder: string;
  readonly simulatorUrl: string;
}

/** Sets up a workbench under the system's folder for temporary files; what lies there goes with it. */
export async function openWorkbench(scenario: ScenarioInput): Promise<Workbench> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "granary-bench-"));
  opened.defer(async () => rm(folder, { recursive: true, force: true }));
  const scenarioFile = join(folder, "scenario.json");
  await writeFile(scenarioFile, JSON.stringify(scenario));
  const simulatorFolder = join(folder, "simulator");
  await mkdir(simulatorFolder);
  const simulator = opened.use(await startSimulator({ folder: simulatorFolder, scenarioFile }));
  const closing = opened.move();
  return {
    folder,
    simulatorUrl: simulator.url,
    [Symbol.asyncDispose]: async () => closing.disposeAsync(),
  };
}
