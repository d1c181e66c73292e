import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openWorkspace } from "@granary/cli";
import type { EmbeddedWorkspace } from "@granary/cli";
import type { TaskDoc } from "@granary/domain";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig } from "@granary/runtime";
import { readLedger, serveSimulator } from "@granary/simulator";
import type { LedgerEntry } from "@granary/simulator";
import { FAILPOINT } from "../crash/failpoint.ts";
import type { CrashProvider } from "../crash/crashPoint.ts";
import type { Situation } from "../crash/situations.ts";
import type { Rig, Started } from "../e2e/rig.ts";
import { ROOT } from "../e2e/rig.ts";
import { openText } from "../e2e/site.ts";
import { waitUntil } from "../e2e/waitUntil.ts";
import type { Hold } from "./hold.ts";
import { HOLD } from "./hold.ts";

const MAIN = join(ROOT, "test/src/frozen/replicaMain.ts");
const COMPILE_CACHE = join(ROOT, "node_modules/.cache/granary-crash");
const DEADLINE_MS = 120_000;
const LOOK_MS = 25;

/** Where a replica stands still. */
export interface Struck {
  /** As `GRANARY_FAILPOINT` takes them. */
  readonly failpoint?: string;
  readonly hold?: Hold;
}

/** A process that has all roles, among others. */
export interface Replica {
  readonly process: Started;
  /** Waits until it stands still at a place. */
  readonly stands: (place: string) => Promise<void>;
  readonly goesOn: () => void;
  /** Waits until its output, log included, has a text. */
  readonly says: (text: string) => Promise<void>;
  readonly hasSaid: (text: string) => boolean;
  /** Waits until a worker of it has lost its lease, at any time after it stood still last. */
  readonly isOutrun: (worker: string) => Promise<void>;
}

/** One store, one simulator over HTTP, and replicas that are started one after the other. */
export interface FrozenStage {
  readonly workspace: EmbeddedWorkspace;
  readonly simulatorFolder: string;
  readonly start: (struck?: Struck) => Replica;
  readonly replicas: readonly Replica[];
  readonly tasks: () => Promise<readonly TaskDoc[]>;
  readonly ledger: () => Promise<readonly LedgerEntry[]>;
  /** Waits for what is to be seen in store or ledger; how things stand is in the error. */
  readonly sees: (what: string, look: () => Promise<boolean>) => Promise<void>;
}

/** Opens a stage, where everything is accepted and nobody is at work yet. It goes with its rig. */
export async function openFrozenStage(
  rig: Rig,
  provider: CrashProvider,
  { scenario, orders, settings = {} }: Situation,
): Promise<FrozenStage> {
  const simulatorFolder = join(rig.folder, "simulator");
  const simulator = await serveSimulator({
    folder: simulatorFolder,
    scenario: { seed: 1, ...scenario },
  });
  rig.defer(async () => simulator.close());
  const prefix = `GRANARY_${provider.toUpperCase()}_`;
  const env = {
    GRANARY_SQLITE: join(rig.folder, "granary.db"),
    GRANARY_ARTIFACTS: join(rig.folder, "artifacts"),
    GRANARY_SIMULATOR_URL: simulator.url,
    GRANARY_SIMULATOR_DATA: simulatorFolder,
    GRANARY_LOG_LEVEL: "warn",
    [`${prefix}MODE`]: "simulated",
    [`${prefix}LINGER`]: "200ms",
    [`${prefix}LEASE`]: "2s",
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [prefix + name, value])),
  };
  const config = readConfig({
    env,
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "embedded",
    jobLimits: JOB_LIMITS,
  });
  const workspace = await openWorkspace(config, openLogger({ level: "silent" }));
  rig.defer(async () => workspace[Symbol.asyncDispose]());
  const { store } = workspace;
  const replies = await workspace.send(orders.map(({ command }) => command));
  const refused = replies.filter(({ status }) => status !== "accepted");
  if (refused.length > 0) throw new Error(`not accepted: ${JSON.stringify(refused)}`);
  const replicas: Replica[] = [];
  return {
    workspace,
    simulatorFolder,
    replicas,
    start({ failpoint = "", hold = "" }: Partial<Record<keyof Struck, string>> = {}) {
      const process = rig.node([MAIN], {
        env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env, [FAILPOINT]: failpoint, [HOLD]: hold },
      });
      const replica = replicaOf(process);
      replicas.push(replica);
      return replica;
    },
    tasks: async () => store.tasks({}, { limit: 500 }),
    ledger: async () => readLedger(simulatorFolder),
    sees: async (what, look) =>
      void (await waitUntil(what, look, {
        deadlineMs: DEADLINE_MS,
        lookMs: LOOK_MS,
        state: async () =>
          [await openText(store), ...replicas.map(({ process }) => lastWords(process))].join("\n---\n"),
      })),
  };
}

function replicaOf(process: Started): Replica {
  const hasSaid = (text: string): boolean => `${process.stdout()}${process.stderr()}`.includes(text);
  // The log is on one of the two outputs, and each line is written as a whole.
  const logged = (): readonly string[] =>
    `${process.stdout()}${process.stderr()}`.split("\n").filter((line) => line.startsWith("{"));
  let stoodLines = 0;
  const says = async (text: string): Promise<void> =>
    void (await waitUntil(`a replica says ${text}`, () => hasSaid(text), {
      deadlineMs: DEADLINE_MS,
      lookMs: LOOK_MS,
      state: () => lastWords(process),
    }));
  return {
    process,
    async stands(place) {
      await says(`struck ${place}\n`);
      stoodLines = logged().length;
    },
    isOutrun: async (worker) =>
      void (await waitUntil(
        `a replica loses the lease of ${worker}`,
        () =>
          logged()
            .slice(stoodLines)
            .some((line) => line.includes(`"worker":"${worker}"`) && line.includes('"lease lost"')),
        { deadlineMs: DEADLINE_MS, lookMs: LOOK_MS, state: () => lastWords(process) },
      )),
    goesOn: () => process.kill("SIGCONT"),
    says,
    hasSaid,
  };
}

/** For whoever has to find out. */
export function lastWords(process: Started): string {
  return `${process.stdout().split("\n").slice(-40).join("\n")}\n${process.stderr().split("\n").slice(-20).join("\n")}`;
}
