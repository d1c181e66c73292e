import { readFileSync } from "node:fs";
import { OPENAI_LIMITS } from "@granary/providers";
import type { GranaryConfig, Log } from "@granary/runtime";
import { openLogger, readConfig, withSimulator } from "@granary/runtime";
import { openWorkspace } from "./stack/openWorkspace.ts";
import type { Workspace } from "./stack/openWorkspace.ts";
import { runningUp } from "./stack/upState.ts";
import type { CommonOptions } from "./terminal/terminal.ts";

/**
 * The configuration of this process: environment and file, everything embedded.
 * @throws Faulty with all faults
 */
export function embeddedConfig(): GranaryConfig {
  return readConfig({
    env: process.env,
    readFile: (path) => readFileSync(path, "utf8"),
    embedded: true,
    jobLimits: { openai: OPENAI_LIMITS },
  });
}

/** A log for a command: silent but for failures, unless somebody asked for more. */
export function commandLog(config: GranaryConfig, { verbose = false }: CommonOptions): Log {
  const asked = process.env["GRANARY_LOG_LEVEL"] ? config.logLevel : "fatal";
  return openLogger({ level: verbose ? "debug" : asked, secrets: secretsOf(config) });
}

/** Every key and header of the configuration. */
export function secretsOf({ accounts }: GranaryConfig) {
  return accounts.flatMap(({ apiKey, headers }) => [apiKey, ...Object.values(headers)]);
}

/** The configuration with its simulated accounts pointed at the simulator that a running `granary up` has. */
export async function attached(config: GranaryConfig): Promise<GranaryConfig> {
  if (config.simulator.url !== null) return config;
  const up = await runningUp(config);
  return up?.simulatorUrl ? withSimulator(config, up.simulatorUrl) : config;
}

/**
 * Opens what the configuration names for one command.
 * @throws Faulty, StoreTooNew, StoreUnavailable
 */
export async function openGranary(options: CommonOptions): Promise<Workspace> {
  const config = await attached(embeddedConfig());
  return openWorkspace(config, commandLog(config, options));
}
