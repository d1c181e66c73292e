import { monitor } from "@granary/monitor";
import { doorbell, runWorkers, systemClock } from "@granary/runtime";
import { bareClient } from "./bareLoop.ts";
import { found, onlyTask, openGranary, submitFile } from "./granary.ts";

const IDLE_MS = 250;

/**
 * Takes a request through everything that comes before the harvest, and stops there: its job has ended at the
 * provider and its task waits for the harvester. Gives the job and the size of its result file.
 */
export async function runRolesUntilHarvest(
  folder: string,
  simulatorUrl: string,
  itemsPath: string,
): Promise<{ readonly jobId: string; readonly bytes: number }> {
  await using workspace = await openGranary(folder, simulatorUrl);
  const { deps, store, submitter } = workspace;
  const monitoring = monitor(deps);
  await submitter.ensure();
  await monitoring.ensure();
  const bell = doorbell(systemClock);
  const loop = { store, clock: systemClock, log: deps.log, owner: deps.owner, bell, idleMs: IDLE_MS };
  const stop = new AbortController();
  const running = runWorkers(loop, [...submitter.workers, ...monitoring.workers], stop.signal);
  await submitFile(workspace, itemsPath);
  const jobId = await found(async () => {
    const [task] = await store.tasks({ states: ["harvesting"] }, { limit: 1 });
    return task?.view?.jobId ?? null;
  });
  stop.abort();
  await running;
  await onlyTask(workspace);
  const client = bareClient(simulatorUrl);
  const { output_file_id: fileId } = await client.batches.retrieve(jobId);
  if (!fileId) throw new Error(`job ${jobId} has no result file`);
  return { jobId, bytes: (await client.files.retrieve(fileId)).bytes };
}
