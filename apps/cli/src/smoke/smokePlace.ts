import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EmbeddedConfig, GranaryConfig } from "@granary/runtime";
import { withSimulator } from "@granary/runtime";
import { EXIT, Failure } from "../failure.ts";
import { commandLog, isEmbedded, openConfigured } from "../openGranary.ts";
import { openWorkspace } from "../stack/openWorkspace.ts";
import { runRoles } from "../stack/runRoles.ts";
import { startSimulator } from "../stack/startSimulator.ts";
import { runningUp } from "../stack/upState.ts";
import type { Workspace } from "../stack/workspace.ts";
import type { CommonOptions } from "../terminal/terminal.ts";

/** Where a smoke test is run. */
export interface SmokePlace extends AsyncDisposable {
  readonly workspace: Workspace;
  /** The folder of a workspace of its own; null where others work on it. */
  readonly folder: string | null;
  /** Does the work until `stop`; nothing where others do it. */
  drive(stop: AbortSignal): Promise<void>;
  /** Nothing in it is needed any more: a folder of its own goes when the place is disposed of. */
  discard(): void;
}

export interface SmokePlaceOptions extends CommonOptions {
  /** Use what a running `granary up` works on. */
  readonly running?: boolean;
}

/**
 * Opens the place: services of their own where the configuration names their NATS or database, a running
 * `granary up` where that is asked for, and otherwise a workspace of its own with nothing in it but this account.
 */
export async function openSmokePlace(
  config: GranaryConfig,
  account: string,
  options: SmokePlaceOptions,
): Promise<SmokePlace> {
  if (isEmbedded(config) && !options.running) return ownPlace(config, account, options);
  if (isEmbedded(config) && (await runningUp(config.store)) === null)
    throw new Failure(
      EXIT.unavailable,
      `no granary up runs on ${config.store.sqlite}: start one, or leave --running out`,
    );
  const workspace = await openConfigured(config, options);
  return {
    workspace,
    folder: null,
    drive: async () => {},
    discard: () => {},
    [Symbol.asyncDispose]: async () => workspace[Symbol.asyncDispose](),
  };
}

async function ownPlace(
  config: EmbeddedConfig,
  account: string,
  options: CommonOptions,
): Promise<SmokePlace> {
  await using opened = new AsyncDisposableStack();
  await mkdir(".granary", { recursive: true });
  const folder = await mkdtemp(join(".granary", "smoke-"));
  let own = ownConfig(config, account, folder);
  if (own.accounts.some(({ settings }) => settings.mode === "simulated") && own.simulator.url === null) {
    const simulator = opened.use(await startSimulator({ folder: own.simulator.folder }));
    own = withSimulator(own, simulator.url);
  }
  const workspace = opened.use(await openWorkspace(own, commandLog(own, options)));
  const closing = opened.move();
  let isDiscarded = false;
  return {
    workspace,
    folder,
    drive: async (stop) => runRoles(workspace, stop),
    discard: () => void (isDiscarded = true),
    async [Symbol.asyncDispose]() {
      await closing.disposeAsync();
      if (isDiscarded) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The configuration with places of its own below a folder, and with one account alone. */
function ownConfig(config: EmbeddedConfig, account: string, folder: string): EmbeddedConfig {
  const sqlite = join(folder, "granary.db");
  const accounts = config.accounts.filter(({ settings }) => settings.id === account);
  return {
    ...config,
    store: { kind: "sqlite", sqlite, lock: `${sqlite}.lock` },
    journal: join(folder, "granary.facts.jsonl"),
    artifacts: { folder: join(folder, "artifacts") },
    simulator: { ...config.simulator, folder: join(folder, "simulator") },
    accounts,
    defaultAccounts: Object.fromEntries(accounts.map(({ settings }) => [settings.provider, settings.id])),
  };
}
