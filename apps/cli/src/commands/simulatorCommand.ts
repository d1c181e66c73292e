import { readFileSync } from "node:fs";
import { once } from "node:events";
import type { Command } from "commander";
import { openLogger, run } from "@granary/runtime";
import type { ScenarioInput } from "@granary/simulator";
import { describedCommand, ending } from "../command.ts";
import type { ExitCode } from "../failure.ts";
import { EXIT, Failure } from "../failure.ts";
import { port } from "../portOption.ts";
import { embeddedConfig } from "../openGranary.ts";
import { terminal } from "../terminal/terminal.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

interface SimulatorOptions extends CommonOptions {
  readonly port: number;
  readonly folder?: string;
  readonly scenario?: string;
}

const GRACE_MS = 10_000;

/** `granary simulator`: the simulated providers, by themselves. */
export function simulatorCommand(): Command {
  return describedCommand("simulator", "run the simulated providers by themselves", [
    ["granary simulator --port 7700", "then GRANARY_SIMULATOR_URL=http://127.0.0.1:7700 granary up"],
    ["granary simulator --scenario bad-day.json", "with a scenario"],
  ])
    .option("--port <port>", "port to listen on (0: any free one)", port, 7700)
    .option("--folder <folder>", "where files, jobs and ledger lie (default: .granary/simulator)")
    .option("--scenario <file>", "scenario (JSON); without one the folder's last one goes on")
    .action(ending(simulate));
}

async function simulate(options: SimulatorOptions): Promise<ExitCode> {
  const out = terminal(options);
  const { simulator, logLevel } = embeddedConfig();
  const folder = options.folder ?? simulator.folder;
  const log = openLogger({ level: options.verbose ? "debug" : logLevel });
  const scenario = options.scenario === undefined ? {} : { scenario: readScenario(options.scenario) };
  // Loaded here, so that no other command waits for a server it does not need.
  const { FolderInUse, PortTaken, serveSimulator } = await import("@granary/simulator");
  const served = await serveSimulator({
    folder,
    port: options.port,
    ...scenario,
    log: (message, { error, ...fields }) => log.error({ err: error, ...fields }, message),
  }).catch((error: unknown) => {
    const { name, message } = error as Error;
    if (error instanceof PortTaken || error instanceof FolderInUse)
      throw new Failure(EXIT.unavailable, message, [], { cause: error });
    // What is wrong with a scenario is told by its own schema.
    if (name !== "$ZodError" && name !== "ZodError") throw error;
    const { issues } = error as { issues: readonly { path: readonly PropertyKey[]; message: string }[] };
    const faults = issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
    throw new Failure(EXIT.wrongInput, `${options.scenario} is no scenario:`, faults, { cause: error });
  });
  if (out.json) out.document({ url: served.url, folder });
  else out.line(`the simulator listens at ${served.url}, its data in ${folder}; Ctrl-C stops it`);
  await run({ log, graceMs: GRACE_MS }, async (stop) => {
    if (!stop.aborted) await once(stop, "abort");
    await served.close();
  });
  return EXIT.fine;
}

function readScenario(path: string): ScenarioInput {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ScenarioInput;
  } catch (error) {
    throw new Failure(EXIT.wrongInput, `the scenario ${path} cannot be read: ${(error as Error).message}`);
  }
}
