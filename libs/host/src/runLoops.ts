import type { Bus } from "@granary/domain";
import type { AnyWorker, LoopObserver } from "@granary/runtime";
import { doorbell, runRelay, runWorkers, systemClock, tracedBus } from "@granary/runtime";
import type { HostDeps } from "./openDeps.ts";
import type { OpenedStore } from "./openStore.ts";

/** What one process runs. */
export interface Loops {
  readonly workers: readonly AnyWorker[];
  /** Takes batches of commands; absent where that is another service's. */
  readonly handle?: Parameters<Bus["commands"]>[0];
  /** Longest wait between two looks at the store, in milliseconds; a write of anybody wakes the loops sooner. */
  readonly idleMs: number;
  readonly metrics?: LoopObserver;
  /** Hears of each turn of each loop: the workers' names, and `relay`. */
  readonly beat?: (loop: string) => void;
}

/** Between two looks for facts that another process wrote and did not live to publish. */
const LEFT_BEHIND_MS = 1_000;

/**
 * Runs the due loop, the relay and the epoch guard until `stop`; resolves once every step in hand has ended and what
 * it told is published. The relay listens to this process's own steps alone: a fact of another one that wakes the
 * workers was published already.
 */
export async function runLoops(
  deps: HostDeps,
  bus: Bus,
  watch: OpenedStore["watch"],
  { workers, handle, idleMs, metrics, beat }: Loops,
  stop: AbortSignal,
): Promise<void> {
  const { store, clock, log, owner, epoch, tracer } = deps;
  const due = doorbell(systemClock);
  const told = doorbell(systemClock);
  const wake = (): void => due.ring();
  const both = {
    ring() {
      due.ring();
      told.ring();
    },
    listener: () => due.listener(),
  };
  const loop = {
    store,
    clock,
    log,
    owner,
    ...(metrics ? { metrics } : {}),
    ...(tracer ? { tracer } : {}),
    ...(beat ? { beat } : {}),
  };
  const out = tracer ? tracedBus(bus, tracer, clock) : bus;
  const over = new AbortController();
  const hearing = Promise.all([watch(wake, over.signal), bus.wake(wake, over.signal)]);
  const commanded = handle
    ? bus.commands(async (batch) => {
        const replies = await handle(batch);
        both.ring();
        return replies;
      }, stop)
    : Promise.resolve();
  const stepsOver = new AbortController();
  const relaying = runRelay({ ...loop, bell: told, idleMs: LEFT_BEHIND_MS }, out, stepsOver.signal);
  try {
    await Promise.all([
      runWorkers({ ...loop, bell: both, idleMs }, workers, stop),
      epoch.run(stop),
      commanded,
    ]);
  } finally {
    stepsOver.abort();
    over.abort();
    await Promise.all([relaying, hearing]);
  }
}
