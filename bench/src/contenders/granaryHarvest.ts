/** Granary from a finished job to the ended request: the harvester, and the monitor's look that closes a request. */
import { harvester } from "@granary/harvester";
import { monitor } from "@granary/monitor";
import { doorbell, runWorkers, systemClock } from "@granary/runtime";
import { contend } from "../contender.ts";
import { ended, onlyRequest, openGranary } from "../granary.ts";

const IDLE_MS = 250;

await contend(async ({ folder, simulatorUrl }) => {
  await using workspace = await openGranary(folder, simulatorUrl);
  const { deps, store } = workspace;
  const closing = monitor(deps).workers.filter(({ kind }) => kind === "request");
  const bell = doorbell(systemClock);
  const loop = { store, clock: systemClock, log: deps.log, owner: deps.owner, bell, idleMs: IDLE_MS };
  const stop = new AbortController();
  const running = runWorkers(loop, [...harvester(deps).workers, ...closing], stop.signal);
  const { counts } = await ended(workspace, (await onlyRequest(workspace)).id);
  stop.abort();
  await running;
  return { items: counts?.succeeded ?? 0, waitMs: 0 };
});
