import { harvester } from "@granary/harvester";
import { runLoops } from "@granary/host";
import { monitor } from "@granary/monitor";
import type { EmbeddedWorkspace } from "./openWorkspace.ts";

/** Longest wait between two looks at the store; a write of anybody wakes the loops sooner. */
const IDLE_MS = 250;

/** Runs the three roles and the relay in this process until `stop`; resolves once every step in hand has ended. */
export async function runRoles(workspace: EmbeddedWorkspace, stop: AbortSignal): Promise<void> {
  const { deps, bus, submitter } = workspace;
  await deps.epoch.check();
  const monitoring = monitor(deps);
  const harvesting = harvester(deps);
  await submitter.ensure();
  await monitoring.ensure();
  const workers = [...submitter.workers, ...monitoring.workers, ...harvesting.workers];
  await runLoops(deps, bus, workspace.watch, { workers, handle: submitter.handle, idleMs: IDLE_MS }, stop);
}
