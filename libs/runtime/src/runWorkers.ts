import type { DocOf, Kind } from "@granary/domain";
import type { Doorbell } from "./doorbell.ts";
import { claim, runStep } from "./dueLoop.ts";
import type { AnyWorker, LoopDeps, Worker } from "./dueLoop.ts";

export interface WorkersDeps extends LoopDeps {
  readonly bell: Doorbell;
  /** Longest wait between two looks at the store. */
  readonly idleMs: number;
}

/**
 * Drives the workers until `stop`: claims what is due, runs its steps, and waits for the bell when nothing is.
 * Resolves once every step in hand has ended; a create in flight is waited for, not aborted.
 */
export async function runWorkers(
  deps: WorkersDeps,
  workers: readonly AnyWorker[],
  stop: AbortSignal,
): Promise<void> {
  await Promise.all(workers.map(async (worker) => runWorker(deps, worker as Worker, stop)));
}

async function runWorker<K extends Kind>(
  deps: WorkersDeps,
  worker: Worker<K>,
  stop: AbortSignal,
): Promise<void> {
  const inHand = new Set<Promise<void>>();
  const wait = deps.bell.listener();
  while (!stop.aborted) {
    deps.beat?.(worker.name);
    const free = worker.concurrency - inHand.size;
    let claimed = 0;
    if (free > 0)
      try {
        const held = await claim(deps, worker, free);
        claimed = held.length;
        for (const doc of held) {
          const step = carryOut(deps, worker, doc, stop).finally(() => inHand.delete(step));
          inHand.add(step);
        }
      } catch (error) {
        deps.log.warn({ worker: worker.name, err: error }, "nothing claimed");
      }
    if (claimed === 0 || claimed === free) await wait(deps.idleMs, stop);
  }
  await Promise.all(inHand);
}

async function carryOut<K extends Kind>(
  deps: WorkersDeps,
  worker: Worker<K>,
  held: DocOf[K],
  stop: AbortSignal,
): Promise<void> {
  await runStep(deps, worker, held, stop);
  // What this step made due is somebody's work now.
  deps.bell.ring();
}
