import type { Artifacts, Clock, Store, WaitsFor } from "@granary/domain";
import { ArtifactMissing, StoreUnavailable } from "@granary/domain";
import type { Log } from "./dueLoop.ts";

const PATH = "epoch.json";
const RENEW_MS = 60_000;
/** While a restored store is being brought up to date, how often it is asked whether it is. */
const LOOK_MS = 1_000;
/** Complete passes over each account's jobs, the first of which may have begun before the restore was noticed. */
const PASSES = 2;

/**
 * Notices a store that was restored from an older copy. The epoch is renewed every minute, in the store first and
 * then beside the artifacts: a store whose epoch is the older one has forgotten what it once knew, perhaps jobs that
 * it created. Nothing is created then until every account was listed far back, and every job that carries what is
 * still to be done has its task again, rebuilt from its manifest.
 */
export interface EpochGuard {
  /** What creation waits for; null where it need not wait. */
  waitsFor(): WaitsFor | null;
  /** Compares the epochs; to be called before anything is created. */
  check(): Promise<void>;
  /** Renews the epoch, or works off a restore, until `stop`. */
  run(stop: AbortSignal): Promise<void>;
}

export interface EpochDeps {
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
  readonly log: Log;
  readonly instance: string;
  readonly accounts: readonly string[];
}

export function epochGuard(deps: EpochDeps): EpochGuard {
  const { store, artifacts, clock, log, accounts } = deps;
  /** Sweep numbers when the restore was noticed, by account. */
  let noticed: ReadonlyMap<string, number> | null = null;
  let waiting: WaitsFor | null = null;

  async function check(): Promise<void> {
    // In this order: another replica may renew both between the two looks, in the store first.
    const kept = await keptEpoch(artifacts);
    const { epoch } = await store.gate(deps.instance);
    if (kept <= epoch || noticed) return;
    log.error(
      { storeEpoch: epoch, artifactsEpoch: kept },
      "store is older than its artifacts: nothing is created",
    );
    noticed = new Map(await Promise.all(accounts.map(async (id) => [id, await seqOf(id)] as const)));
    waiting = "sweep";
  }

  async function seqOf(account: string): Promise<number> {
    return (await store.load("sweep", account))?.seq ?? 0;
  }

  /** Whether the restore is worked off: all swept, and every job that carries what is to be done here has its task. */
  async function caughtUp(since: ReadonlyMap<string, number>): Promise<boolean> {
    const sweeps = await Promise.all(accounts.map(async (id) => store.load("sweep", id)));
    const swept = sweeps.every((sweep) => sweep && sweep.seq >= (since.get(sweep.id) ?? 0) + PASSES);
    const forgotten = sweeps.flatMap((sweep) => sweep?.forgotten ?? []);
    waiting = swept && forgotten.length > 0 ? "operator" : "sweep";
    return swept && forgotten.length === 0;
  }

  async function turn(): Promise<void> {
    await check();
    if (noticed) {
      if (!(await caughtUp(noticed))) return;
      log.info({}, "restored store has adopted what carries its tags");
      noticed = null;
      waiting = null;
    }
    const epoch = clock.now();
    await store.setEpoch(epoch);
    await artifacts.put(PATH, oneChunk(`${JSON.stringify({ epoch })}\n`), { replace: true });
  }

  return {
    waitsFor: () => waiting,
    check,
    async run(stop) {
      while (!stop.aborted) {
        try {
          await turn();
        } catch (error) {
          log.warn({ err: error, away: error instanceof StoreUnavailable }, "epoch not renewed");
        }
        await clock.sleep(noticed ? LOOK_MS : RENEW_MS, stop);
      }
    },
  };
}

async function keptEpoch(artifacts: Artifacts): Promise<number> {
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of artifacts.read(PATH)) chunks.push(chunk);
    return (JSON.parse(Buffer.concat(chunks).toString()) as { epoch: number }).epoch;
  } catch (error) {
    if (error instanceof ArtifactMissing) return 0;
    throw error;
  }
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
