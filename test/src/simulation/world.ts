import { createHash } from "node:crypto";
import type {
  Account,
  Artifacts,
  Catalogue,
  Command,
  Dialect,
  Durations,
  Fact,
  Hasher,
  Ids,
  Store,
  TaskDoc,
} from "@granary/domain";
import { memoryArtifacts } from "@granary/artifacts";
import { harvester } from "@granary/harvester";
import { monitor } from "@granary/monitor";
import { OPENAI_PRICES, openaiDialect } from "@granary/providers";
import type { AnyWorker, EpochGuard, Log, Worker } from "@granary/runtime";
import { claim, epochGuard, relayOnce, runStep } from "@granary/runtime";
import { sqliteStore } from "@granary/store";
import { submitter } from "@granary/submitter";
import { callWitness } from "./callWitness.ts";
import { inMemoryProvider, POISON } from "./inMemoryProvider.ts";
import type { InMemoryProvider } from "./inMemoryProvider.ts";
import type { Random } from "./random.ts";
import { restorableStore } from "./restorableStore.ts";
import type { RestorableStore } from "./restorableStore.ts";
import { scheduler } from "./scheduler.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import { simulatedArtifacts, simulatedProvider, simulatedStore } from "./simulatedPorts.ts";
import type { PortFaults } from "./simulatedPorts.ts";
import type { Weather } from "./weather.ts";

export const ACCOUNT = "openai:simulated";
export const MODELS = ["gpt-4o-mini", "gpt-4.1-nano"] as const;

const LIMITS = { lines: 9, bytes: 200_000, lineBytes: 50_000, tokens: 100_000 };

/** Where listings are slow: longer than the two clean passes and the two after them take, even in a world of faults. */
const SLOW_LISTING_MS = 50_000;
/** Longer than such a lag, a last look and the create together. */
const SLOW_QUIET_MS = 60_000;

/** Log messages that no run may have. */
const INCIDENTS: ReadonlySet<string> = new Set([
  "outcomes contradict",
  "outcomes do not add up",
  "step failed",
]);

/** Everything one seed draws up: the shared truth, and the hand that moves its processes. */
export interface World {
  readonly chance: Random;
  readonly scheduler: Scheduler;
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly catalogue: Catalogue;
  readonly provider: InMemoryProvider;
  readonly published: Fact[];
  readonly incidents: string[];
  readonly durations: Durations;
  readonly maxJobs: number;
  /** Listings may be later than any quiet period: second jobs may happen, and must be found and cancelled. */
  readonly lateListings: boolean;
  /** Whether a deleted file stops a create. */
  readonly revocable: boolean;
  /** Whether only a job's results show whose it is. */
  readonly hidesTags: boolean;
  /** Longest time a new job is missing from listings, in milliseconds. */
  readonly listLagMs: number;
  /** The copies of the store; null in a world whose store is never put back. */
  readonly copies: RestorableStore | null;
  /** Whether faults still happen. */
  chaos: boolean;
  /** A new process of one role; it lives until it is killed. */
  start(role: "submitter" | "monitor" | "harvester"): Process;
  /** Kills everybody at once: replicas and callers. What callers waited for is forgotten. */
  killAll(): void;
  /** A caller: sends a command until it is answered, as often as that takes. */
  call(command: Command): void;
  /** Commands that were not answered yet. */
  readonly unanswered: () => number;
  readonly loadTasks: () => Promise<readonly TaskDoc[]>;
  /** Closes the store, with what it left on disk. */
  close(): Promise<void>;
}

/** Durations of a simulated system: all relations of the real ones, in seconds. */
function drawDurations(chance: Random, quietMs: number): Durations {
  return {
    leaseMs: 1_500 + chance.below(1_500),
    pollMinMs: 200 + chance.below(300),
    pollMaxMs: 1_000,
    sweepMs: 500 + chance.below(400),
    quietMs,
    settleMs: 1_500,
    lingerMs: chance.below(600),
    jobTimeoutMs: chance.chance(0.3) ? 3_000 + chance.below(3_000) : 60_000,
  };
}

/** The world that these draws and this weather make; where tags are hidden a store is never put back. */
export function openWorld(chance: Random, weather: Weather): World {
  const running = scheduler(chance, 1_760_000_000_000);
  const ids = seededIds(chance);
  const files = memoryArtifacts();
  // Where a deleted file stops no create, the quiet period must outlast the last look and a pause after it.
  const revocable = chance.chance(0.6);
  // Lines in a create's body cannot be revoked: another world in which only the quiet period helps.
  const travels = !revocable && chance.chance(0.7) ? "body" : "file";
  const hidesTags = travels === "body" && chance.chance(0.7);
  const lateListings = (revocable && chance.chance(0.15)) || (hidesTags && chance.chance(0.3));
  const copies =
    weather.restore && !hidesTags && !lateListings ? restorableStore({ now: running.now }, ids) : null;
  const truth = copies?.store ?? sqliteStore({ path: ":memory:", clock: { now: running.now }, ids });
  // Only where nothing but the quiet period helps may it be put to the test: a fence bears no longer lag than it waits.
  const slowListings = weather.slowListings && !revocable && !hidesTags;
  const durations = drawDurations(chance, revocable ? 4_000 : slowListings ? SLOW_QUIET_MS : 20_000);
  const incidents: string[] = [];
  const published: Fact[] = [];
  const maxJobs = 1 + chance.below(4);
  const drawnLagMs = lateListings ? 0 : chance.below(2_000);
  const listLagMs = lateListings ? 30_000 : slowListings ? SLOW_LISTING_MS : drawnLagMs;
  const { keyRefused } = weather;
  const provider = inMemoryProvider(running.now, chance, {
    chaos: () => world.chaos,
    listLagMs,
    keyRefused: () =>
      world.chaos &&
      keyRefused !== null &&
      running.turns() >= keyRefused.fromTurn &&
      running.turns() < keyRefused.toTurn,
    shortFiles: weather.shortFiles,
    denialMs: weather.denialMs,
    revocable,
    poisonous: chance.chance(0.1),
    // Jobs that outlive several passes are the ones that have to be guessed at.
    longestJobMs: chance.pick(hidesTags ? [2_000, 10_000, 25_000] : [500, 2_000, 6_000]),
    rejects: !hidesTags && chance.chance(0.6),
    hidesTags,
  });
  const faults: PortFaults = {
    refused: () => (world.chaos ? 0.01 : 0),
    lost: () => (world.chaos ? 0.015 : 0),
    incident: (message) => incidents.push(message),
    witness: callWitness(truth, (message) => incidents.push(message)),
  };
  const settings = {
    id: ACCOUNT,
    provider: "openai",
    mode: "simulated",
    durations,
    limits: { job: LIMITS, jobs: maxJobs },
    extraModels: [],
  } as const;

  const catalogueFor = (account: Account): Catalogue => ({
    accounts: new Map([[ACCOUNT, account]]),
    defaultAccounts: { openai: ACCOUNT },
    prices: OPENAI_PRICES,
    sources: {},
  });
  const dialect: Dialect = {
    ...openaiDialect(),
    travels: () => travels,
    tags: hidesTags ? "hidden" : "shown",
  };

  let serial = 0;
  let unanswered = 0;
  const everybody = new Set<Process>();
  const born = (name: string): Process => {
    const process = running.process(`${name}-${serial++}`);
    everybody.add(process);
    return process;
  };
  function depsOf(process: Process) {
    const store = simulatedStore(truth, running, process, chance, faults);
    const log: Log = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error(fields, message) {
        if (!INCIDENTS.has(message)) return;
        const told = describe(fields);
        if (!told.includes(POISON)) incidents.push(`${process.name}: ${message} ${told}`);
      },
    };
    const artifacts = simulatedArtifacts(files, running, process);
    const epoch = epochGuard({
      store,
      artifacts,
      clock: process.clock,
      log,
      instance: "test",
      accounts: [ACCOUNT],
    });
    return {
      store,
      artifacts,
      ...(copies ? { epoch } : {}),
      clock: process.clock,
      ids,
      log,
      catalogue: catalogueFor({
        settings,
        dialect,
        provider: simulatedProvider(provider.provider, running, process),
      }),
      owner: process.name,
      instance: "test",
      publish: async (facts: readonly Fact[]) => {
        await running.turn(process);
        published.push(...facts);
      },
    };
  }

  /** The life of a replica: it relays, or claims a document and takes it one step, over and over. */
  async function live(
    process: Process,
    deps: ReturnType<typeof depsOf>,
    workers: readonly AnyWorker[],
  ): Promise<void> {
    const never = new AbortController().signal;
    const bus = { publish: deps.publish } as never;
    if (deps.epoch) await keepEpoch(process, deps.epoch, never);
    for (;;) {
      await running.turn(process);
      try {
        if (chance.chance(0.2)) {
          await relayOnce(deps.store, bus);
          continue;
        }
        const worker = chance.pick(workers) as Worker;
        const [held] = await claim(deps, worker, 1);
        if (held) await runStep(deps, worker, held, never);
        else await process.clock.sleep(world.chaos ? 20 + chance.below(100) : 100 + chance.below(500));
      } catch {
        // The store did not answer: what was under way is left as it is.
        await process.clock.sleep(50);
      }
    }
  }

  const world: World = {
    chance,
    scheduler: running,
    store: truth,
    artifacts: files,
    catalogue: catalogueFor({ settings, dialect, provider: provider.provider }),
    provider,
    published,
    incidents,
    durations,
    maxJobs,
    lateListings,
    revocable,
    hidesTags,
    listLagMs,
    copies,
    chaos: true,
    killAll() {
      for (const process of everybody) process.dead = true;
      everybody.clear();
      unanswered = 0;
    },
    start(role) {
      const process = born(role);
      const deps = depsOf(process);
      const workers = { submitter, monitor, harvester }[role](deps).workers;
      void live(process, deps, workers);
      return process;
    },
    call(command) {
      const process = born("caller");
      const { handle } = submitter(depsOf(process));
      const send = async (): Promise<void> => {
        for (;;)
          try {
            await running.turn(process);
            await handle([command]);
            unanswered -= 1;
            return;
          } catch {
            await process.clock.sleep(200);
          }
      };
      unanswered += 1;
      void send();
    },
    unanswered: () => unanswered,
    loadTasks: async () => truth.tasks({}, { limit: 10_000 }),
    close: async () => (copies ? copies.dispose() : truth.close()),
  };
  return world;
}

/** As a service does at its start: nothing is done before the epochs were compared. */
async function keepEpoch(process: Process, epoch: EpochGuard, never: AbortSignal): Promise<void> {
  for (;;)
    try {
      await epoch.check();
      void epoch.run(never);
      return;
    } catch {
      await process.clock.sleep(50);
    }
}

function describe(fields: object): string {
  const { err, ...rest } = fields as { err?: unknown };
  return `${JSON.stringify(rest)} ${err instanceof Error ? (err.stack ?? err.message) : ""}`;
}

/** Ids and nonces drawn from the seed; digests are real. */
function seededIds(chance: Random): Ids {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const draw = (length: number): string => Array.from({ length }, () => letters[chance.below(32)]).join("");
  return {
    nonce: () => draw(20),
    random: draw,
    sha256() {
      const hash = createHash("sha256");
      const hasher: Hasher = {
        update(data) {
          hash.update(data);
          return hasher;
        },
        hex: () => hash.digest("hex"),
      };
      return hasher;
    },
  };
}
