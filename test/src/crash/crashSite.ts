import { join } from "node:path";
import type { Workspace } from "@granary/cli";
import { serveSimulator } from "@granary/simulator";
import type { RunningDatabase } from "@granary/servers";
import type { Rig } from "../e2e/rig.ts";
import type { CrashCell } from "./crashCell.ts";
import { isDistributed } from "./crashCell.ts";
import { distributedSite } from "./distributedCrashSite.ts";
import { embeddedSite } from "./embeddedCrashSite.ts";
import { failpointText, readFailpoints } from "./failpoint.ts";
import type { Mortal } from "./life.ts";
import { situationOf } from "./situations.ts";
import type { Situation } from "./situations.ts";

/** Where one cell of the matrix runs. It goes with its rig. */
export interface CrashSite {
  readonly simulatorFolder: string;
  /** Store, artifacts and accounts as this process has them, beside all others. */
  readonly workspace: Workspace;
  readonly mortals: readonly Mortal[];
  /** Whether the caller has got an answer to every order, from those who live now. */
  readonly areOrdersGiven: () => boolean;
  /** What is wrong with the facts on the bus; null where the checker has them. */
  readonly factFaults: (() => Promise<readonly string[]>) | null;
}

/** What a site is made of. */
export interface CrashSiteOptions {
  readonly rig: Rig;
  readonly cell: CrashCell;
  readonly situation: Situation;
  readonly env: Readonly<Record<string, string>>;
  readonly simulatorFolder: string;
  /** Of each process that is struck, by its role: the failpoints of its lives, in order. */
  readonly failpoints: readonly string[];
  readonly database: RunningDatabase | null;
}

/** Opens a site, on a simulator of its own over HTTP, and lets its processes begin. */
export async function openCrashSite(
  rig: Rig,
  cell: CrashCell,
  database: RunningDatabase | null,
): Promise<CrashSite> {
  const { point, signal, provider } = cell;
  const situation = situationOf(point.situation, provider);
  const simulatorFolder = join(rig.folder, "simulator");
  const simulator = await serveSimulator({
    folder: simulatorFolder,
    scenario: { seed: 1, ...situation.scenario },
  });
  rig.defer(async () => simulator.close());
  const prefix = `GRANARY_${provider.toUpperCase()}_`;
  const env = {
    GRANARY_ARTIFACTS: join(rig.folder, "artifacts"),
    GRANARY_SIMULATOR_URL: simulator.url,
    GRANARY_SIMULATOR_DATA: simulatorFolder,
    GRANARY_LOG_LEVEL: "warn",
    [`${prefix}MODE`]: "simulated",
    // The only one that nothing is proven by; all others are the profile `fast`.
    [`${prefix}LINGER`]: "200ms",
    ...Object.fromEntries(
      Object.entries(situation.settings ?? {}).map(([name, value]) => [prefix + name, value]),
    ),
  };
  const options = {
    rig,
    cell,
    situation,
    env,
    simulatorFolder,
    database,
    failpoints: livesOf(point.earlier, `${point.name}:${signal}`),
  };
  return isDistributed(cell) ? distributedSite(options) : embeddedSite(options);
}

/** One entry a life: a strike that only holds a process up belongs to the life of the next one. */
function livesOf(earlier: readonly string[] = [], last: string): readonly string[] {
  const lives: string[] = [];
  let held = "";
  for (const failpoint of readFailpoints([...earlier, last].join(","))) {
    held += `${held === "" ? "" : ","}${failpointText(failpoint)}`;
    if (failpoint.strike !== "kill" && failpoint.strike !== "term") continue;
    lives.push(held);
    held = "";
  }
  return lives;
}
