import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LedgerCreate, Report } from "@granary/checker";
import { catalogueOf } from "@granary/host";
import { outputValidator } from "@granary/providers";
import type { GranaryConfig } from "@granary/runtime";
import type { LedgerEntry } from "@granary/simulator";
import { EXIT, Failure } from "./failure.ts";
import type { Workspace } from "./stack/workspace.ts";

/** What is proven, and in what state. */
export interface ProvenOptions {
  /** Where the providers are: a simulator that was started meanwhile, for example. */
  readonly config: GranaryConfig;
  /** Nobody works on the store. */
  readonly quiet: boolean;
  /** Our ids; everything where left out. */
  readonly requests?: readonly string[];
}

/** Runs the checker over store, artifacts, facts, the providers' jobs and the simulator's ledger. */
export async function provenRequests(
  workspace: Workspace,
  { config, quiet, requests }: ProvenOptions,
): Promise<Report> {
  const { accounts, prices } = catalogueOf(config);
  const reachable = [...accounts].map(([id, account]) => {
    const { settings, dialect, provider } = account;
    const reached = settings.mode === "live" || config.simulator.url !== null;
    return [id, reached ? { dialect, provider } : { dialect }] as const;
  });
  const ledger = await readCreates(config);
  const facts = workspace.facts();
  // Loaded here, so that no other command waits for it.
  const { verify } = await import("@granary/checker");
  return verify(
    {
      store: workspace.store,
      artifacts: workspace.artifacts,
      instance: workspace.deps.instance,
      accounts: new Map(reachable),
      prices,
      outputValidator,
      ...(facts ? { facts } : {}),
      ...(ledger ? { ledger } : {}),
    },
    { quiet, ...(requests ? { requests } : {}) },
  );
}

/** Whether an account of the configuration is simulated. */
export function isSimulated({ accounts }: GranaryConfig): boolean {
  return accounts.some(({ settings }) => settings.mode === "simulated");
}

/** What is there where a simulator has, or had, its data. */
export function hasLedger({ simulator }: GranaryConfig): boolean {
  return existsSync(join(simulator.folder, "lock.db"));
}

/** The creates in the simulator's ledger: from its folder, or where it runs elsewhere by asking it. Null without one. */
async function readCreates(config: GranaryConfig): Promise<readonly LedgerCreate[] | null> {
  if (!isSimulated(config)) return null;
  if (hasLedger(config)) {
    // Loaded here, so that no other command waits for a server it does not need.
    const { readLedger } = await import("@granary/simulator");
    return creates(await readLedger(config.simulator.folder));
  }
  if (config.simulator.url === null) return null;
  const url = `${config.simulator.url}/ledger`;
  try {
    const text = await (await fetch(url)).text();
    return creates(
      text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as LedgerEntry])),
    );
  } catch (error) {
    throw new Failure(EXIT.unavailable, `the simulator's ledger at ${url} cannot be read`, [], {
      cause: error,
    });
  }
}

function creates(entries: readonly LedgerEntry[]): readonly LedgerCreate[] {
  return entries.filter((entry) => entry.kind === "create");
}
