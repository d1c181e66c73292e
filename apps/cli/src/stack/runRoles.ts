import { harvester } from "@granary/harvester";
import { monitor } from "@granary/monitor";
import { doorbell, runRelay, runWorkers, systemClock } from "@granary/runtime";
import { watchChanges } from "@granary/store";
import type { Workspace } from "./openWorkspace.ts";

/** Longest wait between two looks at the store; a write of anybody wakes the loops sooner. */
const IDLE_MS = 250;

/** Runs the three roles and the relay in this process until `stop`; resolves once every step in hand has ended. */
export async function runRoles(workspace: Workspace, stop: AbortSignal): Promise<void> {
  const { deps, store, bus, submitter } = workspace;
  await deps.epoch?.check();
  const monitoring = monitor(deps);
  const harvesting = harvester(deps);
  await submitter.ensure();
  await monitoring.ensure();
  const bell = doorbell(systemClock);
  const ring = (): void => bell.ring();
  const loop = { store, clock: systemClock, log: deps.log, owner: deps.owner, bell, idleMs: IDLE_MS };
  const over = new AbortController();
  const hearing = Promise.all([
    watchChanges(store, ring, { clock: systemClock, signal: over.signal }),
    bus.wake(ring, over.signal),
    bus.commands(submitter.handle, over.signal),
  ]);
  try {
    const workers = [...submitter.workers, ...monitoring.workers, ...harvesting.workers];
    await Promise.all([runWorkers(loop, workers, stop), runRelay(loop, bus, stop), deps.epoch?.run(stop)]);
  } finally {
    over.abort();
    await hearing;
  }
}
