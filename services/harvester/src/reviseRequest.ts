import type { RequestDoc } from "@granary/domain";
import { changeRequest } from "@granary/domain";
import { change } from "@granary/runtime";
import { totalsOf } from "./closeRequest.ts";
import type { HarvesterDeps } from "./settings.ts";
import { writeResults } from "./writeResults.ts";

/**
 * Writes an ended request's results anew after a replay, and says so. A request that is still open will have the new
 * rows in its first results. False where it is just being closed: ask again.
 */
export async function reviseRequest(deps: HarvesterDeps, id: string, replay: string): Promise<boolean> {
  const request = await deps.store.load("request", id);
  if (!request || request.replays.includes(replay)) return true;
  if (request.state === "closing") return false;
  if (request.state !== "ended") return true;
  const revision = await freeRevision(deps, request);
  const totals = await totalsOf(deps, request);
  const results = await writeResults(deps, request, revision);
  const at = deps.clock.now();
  await change(
    deps.store,
    "request",
    request,
    // Another replay's revision came between: its results lack these rows or ours lack its, so begin again.
    (current) =>
      current.revision === request.revision
        ? changeRequest(current, { type: "revise", revision, replay, totals, results })
        : null,
    { at, asOwner: false },
  );
  return (await deps.store.load("request", id))?.replays.includes(replay) ?? true;
}

/** The next revision whose results file is not there: one that a dead process left is not ours to trust. */
async function freeRevision({ artifacts }: HarvesterDeps, request: RequestDoc): Promise<number> {
  let revision = request.revision + 1;
  while (await artifacts.stat(`${request.id}/results-${revision}.jsonl`)) revision += 1;
  return revision;
}
