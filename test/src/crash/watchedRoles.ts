import { harvester } from "@granary/harvester";
import type { openWorkspace } from "@granary/cli";
import { runLoops } from "@granary/host";
import type { HostDeps } from "@granary/host";
import { monitor } from "@granary/monitor";
import { submitter } from "@granary/submitter";
import type { Command, Reply, Role } from "@granary/domain";
import type { OnWrite } from "./watchedPorts.ts";
import { watchedBus, watchedDeps, watchedStore } from "./watchedPorts.ts";

const IDLE_MS = 250;

/** All roles in one process, ready to run. */
export interface WatchedRoles {
  readonly handle: (commands: readonly Command[]) => Promise<readonly Reply[]>;
  /** Runs them until `stop` aborts. */
  readonly run: (stop: AbortSignal) => Promise<void>;
}

/** Puts all roles together as `granary up` does, and lets each of their writes be heard of. */
export async function watchedRoles(
  workspace: Awaited<ReturnType<typeof openWorkspace>>,
  onWrite: OnWrite,
): Promise<WatchedRoles> {
  const { store, deps } = workspace;
  const bus = watchedBus(workspace.bus, "loops", onWrite);
  const of = (role: Role): HostDeps => ({
    ...watchedDeps(deps, role, onWrite),
    store: watchedStore(store, role, onWrite),
    publish: async (facts) => bus.publish(facts),
  });
  const submitting = submitter(of("submitter"));
  const monitoring = monitor(of("monitor"));
  await deps.epoch.check();
  await submitting.ensure();
  await monitoring.ensure();
  const workers = [...submitting.workers, ...monitoring.workers, ...harvester(of("harvester")).workers];
  const loops = { ...deps, store: watchedStore(store, "loops", onWrite) };
  const { handle } = submitting;
  return {
    handle,
    run: async (stop) => runLoops(loops, bus, workspace.watch, { workers, handle, idleMs: IDLE_MS }, stop),
  };
}
