import { readFileSync } from "node:fs";
import { JOB_LIMITS } from "@granary/host";
import type { EmbeddedConfig, GranaryConfig, Log } from "@granary/runtime";
import { openLogger, readConfig, secretsOf, withSimulator } from "@granary/runtime";
import { openRemote } from "./stack/openRemote.ts";
import { openWorkspace } from "./stack/openWorkspace.ts";
import { runningUp } from "./stack/upState.ts";
import type { Workspace } from "./stack/workspace.ts";
import type { CommonOptions } from "./terminal/terminal.ts";

const SOURCES = {
  env: process.env,
  readFile: (path: string) => readFileSync(path, "utf8"),
  jobLimits: JOB_LIMITS,
};

/**
 * The configuration of a process that has everything in itself: environment and file.
 * @throws Faulty with all faults
 */
export function embeddedConfig(): EmbeddedConfig {
  return readConfig({ ...SOURCES, reader: "embedded" });
}

/**
 * The configuration of one command: with MONGODB_URI or NATS_URL it speaks to services of their own, otherwise it is
 * an embedded one.
 * @throws Faulty with all faults
 */
export function commandConfig(): GranaryConfig {
  return readConfig({ ...SOURCES, reader: "cli" });
}

/** Whether everything is in this process, or in a `granary up` on the same file. */
export function isEmbedded(config: GranaryConfig): config is EmbeddedConfig {
  return config.store.kind === "sqlite" && config.nats === null;
}

/** A log for a command: silent but for failures, unless somebody asked for more. */
export function commandLog(config: GranaryConfig, { verbose = false }: CommonOptions): Log {
  const asked = process.env["GRANARY_LOG_LEVEL"] ? config.logLevel : "fatal";
  return openLogger({ level: verbose ? "debug" : asked, secrets: secretsOf(config) });
}

/** The configuration with its simulated accounts pointed at the simulator that a running `granary up` has. */
async function attached(config: EmbeddedConfig): Promise<EmbeddedConfig> {
  if (config.simulator.url !== null) return config;
  const up = await runningUp(config.store);
  return up?.simulatorUrl ? withSimulator(config, up.simulatorUrl) : config;
}

/**
 * Opens what a configuration names for one command.
 * @throws StoreTooNew, StoreNotReady, StoreUnavailable, BusUnavailable
 */
export async function openConfigured(config: GranaryConfig, options: CommonOptions): Promise<Workspace> {
  const log = commandLog(config, options);
  const workspace = isEmbedded(config)
    ? await openWorkspace(await attached(config), log)
    : await openRemote(config, log);
  return inTrace(workspace, config.traceparent);
}

/** The workspace, with its commands in the trace in which this one was started. */
function inTrace(workspace: Workspace, traceparent: string | null): Workspace {
  if (traceparent === null) return workspace;
  return {
    ...workspace,
    send: async (commands) => workspace.send(commands.map((command) => ({ traceparent, ...command }))),
  };
}

/**
 * Opens what environment and file name for one command.
 * @throws Faulty, StoreTooNew, StoreNotReady, StoreUnavailable, BusUnavailable
 */
export async function openGranary(options: CommonOptions): Promise<Workspace> {
  return openConfigured(commandConfig(), options);
}
