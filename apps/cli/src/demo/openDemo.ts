import { mkdir, mkdtemp } from "node:fs/promises";
import { openSync, closeSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JOB_LIMITS } from "@granary/host";
import type { EmbeddedConfig } from "@granary/runtime";
import { openLogger, readConfig, withSimulator } from "@granary/runtime";
import { openWorkspace } from "../stack/openWorkspace.ts";
import type { EmbeddedWorkspace } from "../stack/openWorkspace.ts";
import { startSimulator } from "../stack/startSimulator.ts";

/** What the simulated provider does: some lines fail, a job expires, an answer is lost. */
const SCENARIO = fileURLToPath(new URL("../../../../examples/demo-scenario.json", import.meta.url));

/** Roughly how many jobs a workload is spread over, so that there is something to watch; each provider would take its share in one. */
const JOBS = 7;
const LEAST_LINES = 50;

/** A stack of its own, in a folder of its own. */
export interface Demo extends AsyncDisposable {
  readonly folder: string;
  readonly workspace: EmbeddedWorkspace;
}

/** A new folder below `.granary` for one run of the demo; it is kept. */
export async function demoFolder(startedAt: Date): Promise<string> {
  const time = startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  await mkdir(".granary", { recursive: true });
  return mkdtemp(join(".granary", `demo-${time}-`));
}

/**
 * The demo's configuration. The environment is not handed in at all: no provider's key, base URL or mode that is set
 * there can reach it, and all its accounts are simulated.
 */
export function demoConfig(folder: string): EmbeddedConfig {
  return readConfig({
    env: {
      GRANARY_SQLITE: join(folder, "granary.db"),
      GRANARY_ARTIFACTS: join(folder, "artifacts"),
      GRANARY_SIMULATOR_DATA: join(folder, "simulator"),
    },
    readFile: (path) => {
      throw new Error(`the demo reads no configuration file: ${path}`);
    },
    reader: "embedded",
    isolated: true,
    jobLimits: JOB_LIMITS,
  });
}

/** Starts the simulator and opens a store beside it; `items` is how large the workload is. */
export async function openDemo(folder: string, items: number): Promise<Demo> {
  await using opened = new AsyncDisposableStack();
  const config = demoConfig(folder);
  const simulator = opened.use(
    await startSimulator({ folder: config.simulator.folder, scenarioFile: SCENARIO }),
  );
  const file = openSync(join(folder, "demo.log"), "a");
  opened.defer(() => closeSync(file));
  const log = openLogger({
    level: config.logLevel,
    destination: { write: (line) => void writeSync(file, line) },
  });
  const pointed = withSimulator(smallerJobs(config, items), simulator.url);
  const workspace = opened.use(await openWorkspace(pointed, log));
  const closing = opened.move();
  return { folder, workspace, [Symbol.asyncDispose]: async () => closing.disposeAsync() };
}

function smallerJobs(config: EmbeddedConfig, items: number): EmbeddedConfig {
  const wanted = Math.max(LEAST_LINES, Math.ceil(items / JOBS));
  return {
    ...config,
    accounts: config.accounts.map((account) => {
      const { settings } = account;
      const { job } = settings.limits;
      const limits = { ...settings.limits, job: { ...job, lines: Math.min(job.lines, wanted) } };
      return { ...account, settings: { ...settings, limits } };
    }),
  };
}
