/** Granary from a file of items to the ended request: accept, pack, upload, create, watch, harvest, close. */
import { runRoles } from "@granary/cli";
import { contend } from "../contender.ts";
import { ended, onlyTask, openGranary, submitFile } from "../granary.ts";

await contend(async ({ folder, itemsPath, simulatorUrl }) => {
  await using workspace = await openGranary(folder, simulatorUrl);
  const stop = new AbortController();
  const running = runRoles(workspace, stop.signal);
  const id = await submitFile(workspace, itemsPath);
  const { counts } = await ended(workspace, id);
  const { submittedAt, view } = await onlyTask(workspace);
  stop.abort();
  await running;
  return { items: counts?.succeeded ?? 0, waitMs: (view?.terminalAt ?? 0) - (submittedAt ?? 0) };
});
