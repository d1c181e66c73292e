import { join } from "node:path";
import { openWorkspace, runRoles } from "@granary/cli";
import type { EmbeddedWorkspace } from "@granary/cli";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig } from "@granary/runtime";
import type { Provider, ScenarioInput } from "@granary/simulator";
import { serveSimulator } from "@granary/simulator";
import type { Rig } from "../e2e/rig.ts";
import { cellScenario } from "./cellScenario.ts";
import type { FaultCell } from "./faultCase.ts";

const OLD_KEY = "sk-faults-old-0001";
const NEW_KEY = "sk-faults-new-0002";
const MOST_LINES = 40;

/** An embedded site: the three roles in this process, on a store, artifacts and a simulator of their own. */
export interface FaultSite {
  readonly simulatorFolder: string;
  /** The one that works now. */
  readonly workspace: EmbeddedWorkspace;
  /** Warnings and errors, the last ones. */
  readonly complaints: () => readonly string[];
  /** Stops the roles; rejects with what they ended with, if they did. */
  readonly stop: () => Promise<void>;
  /** Ends all faults, those that have not struck too: what is looked at from now on answers as it should. */
  readonly calm: () => Promise<void>;
  /** Stops them, and has them go on with another key of the same account, the old one being revoked. */
  readonly exchangeKey: () => Promise<void>;
}

/** Opens a site for a cell and lets the roles begin. It goes with its rig. */
export async function openFaultSite(rig: Rig, cell: FaultCell, seed: number): Promise<FaultSite> {
  const simulatorFolder = join(rig.folder, "simulator");
  const scenario = cellScenario(cell, seed);
  const keys = { together: [[OLD_KEY, NEW_KEY]] };
  const simulator = await serveSimulator({ folder: simulatorFolder, scenario: { ...scenario, keys } });
  rig.defer(async () => simulator.close());
  const lines: string[] = [];
  const log = openLogger({
    level: "warn",
    destination: { write: (line) => void (lines.push(line.trim()) > MOST_LINES && lines.shift()) },
  });
  let revoked: readonly string[] = [];
  let running = await startRoles(envOf(OLD_KEY));
  rig.defer(async () => running.stop().catch(() => undefined));

  function envOf(key: string): Readonly<Record<string, string>> {
    const prefix = `GRANARY_${cell.provider.toUpperCase()}_`;
    return {
      GRANARY_SQLITE: join(rig.folder, "granary.db"),
      GRANARY_ARTIFACTS: join(rig.folder, "artifacts"),
      GRANARY_SIMULATOR_URL: simulator.url,
      GRANARY_SIMULATOR_DATA: simulatorFolder,
      GRANARY_LOG_LEVEL: "warn",
      [`${prefix}LINGER`]: "200ms",
      ...accountEnv(cell, simulator.url, key),
      ...Object.fromEntries(
        cell.cases.flatMap(({ settings = {} }) =>
          Object.entries(settings).map(([name, value]) => [prefix + name, value]),
        ),
      ),
    };
  }
  async function startRoles(env: Readonly<Record<string, string>>): Promise<Running> {
    const config = readConfig({ env, readFile: () => "", reader: "embedded", jobLimits: JOB_LIMITS });
    const workspace = await openWorkspace(config, log);
    const over = new AbortController();
    const ended = runRoles(workspace, over.signal);
    // Told by `stop`.
    ended.catch(() => undefined);
    let stopping: Promise<void> | null = null;
    async function stopped(): Promise<void> {
      over.abort();
      try {
        await ended;
      } finally {
        await workspace[Symbol.asyncDispose]();
      }
    }
    return { workspace, stop: async () => (stopping ??= stopped()) };
  }
  return {
    simulatorFolder,
    get workspace() {
      return running.workspace;
    },
    complaints: () => lines,
    stop: async () => running.stop(),
    calm: async () =>
      change(simulator.url, { ...scenario, faults: [], keys: { ...keys, revoked: [...revoked] } }),
    async exchangeKey() {
      revoked = [OLD_KEY];
      await change(simulator.url, { ...scenario, keys: { ...keys, revoked: [...revoked] } });
      await running.stop();
      running = await startRoles(envOf(NEW_KEY));
    },
  };
}

interface Running {
  readonly workspace: EmbeddedWorkspace;
  readonly stop: () => Promise<void>;
}

/** An account has a key of its own where it is live: this one's base URL is the simulator's. */
function accountEnv({ cases, provider }: FaultCell, url: string, key: string): Record<string, string> {
  const prefix = provider.toUpperCase();
  if (!cases.some(({ changesKey }) => changesKey)) return { [`GRANARY_${prefix}_MODE`]: "simulated" };
  return {
    [`GRANARY_${prefix}_MODE`]: "live",
    [`GRANARY_${prefix}_PROFILE`]: "fast",
    [`${prefix}_API_KEY`]: key,
    [`${prefix}_BASE_URL`]: baseUrlOf(provider, url),
  };
}

function baseUrlOf(provider: Provider, url: string): string {
  return provider === "openai" ? `${url}/openai/v1` : `${url}/${provider}`;
}

async function change(url: string, scenario: ScenarioInput): Promise<void> {
  const response = await fetch(`${url}/scenario`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(scenario),
  });
  if (!response.ok) throw new Error(await response.text());
}
