import type { Revision, TaskDoc, VerdictRow } from "@granary/domain";
import { changeTask, dutyOf, parseSliceId, taskFolder } from "@granary/domain";
import { change } from "@granary/runtime";
import { putOutcomes, readVerdicts } from "./applyVerdicts.ts";
import { decideVerdicts } from "./decideVerdicts.ts";
import { judgedSlices } from "./lockSlices.ts";
import { repriceSlices } from "./repriceSlices.ts";
import { reviseRequest } from "./reviseRequest.ts";
import type { HarvesterDeps } from "./settings.ts";

const CLOSING_MS = 1_000;

/**
 * Decides an ended task anew from its raw files (P8): into a file of its own, only for items whose final row is this
 * task's, committed as a revision and then applied. Nothing travels again.
 */
export async function replayTask(deps: HarvesterDeps, held: TaskDoc): Promise<void> {
  const committed = await commitRevision(deps, held);
  const revision = committed.revisions.find(({ appliedAt }) => appliedAt === null);
  const at = deps.clock.now();
  if (!revision) return deps.store.release("task", committed, nextDueAt(committed, at));
  if (!(await applyRevision(deps, committed, revision)))
    return deps.store.release("task", committed, at + CLOSING_MS);
  await change(
    deps.store,
    "task",
    committed,
    (current) => changeTask(current, { type: "applyRevision", at, n: revision.revision }),
    (next) => ({ at, release: true, dueAt: nextDueAt(next, at) }),
  );
}

async function commitRevision(deps: HarvesterDeps, held: TaskDoc): Promise<TaskDoc> {
  if (!held.again) return held;
  const { n } = held.again;
  const judged = await judgedSlices(deps.store, held.id);
  const mine = await finalHere(deps, held);
  const travelled = await travelledAgain(deps, held);
  const path = `${taskFolder(held)}/verdicts-again-${n}.jsonl`;
  const verdicts = await decideVerdicts(deps, held, judged, path, {
    includes: (slice, ordinal) => mine.has(`${slice.request}:${ordinal}`),
    travelled: (line) => travelled.get(line),
  });
  const changed = await change(
    deps.store,
    "task",
    held,
    (current) => changeTask(current, { type: "commitRevision", revision: verdicts, n }),
    { at: deps.clock.now() },
  );
  return changed ?? held;
}

/** The items whose outcome is a final row of this task. */
async function finalHere(deps: HarvesterDeps, task: TaskDoc): Promise<ReadonlySet<string>> {
  const items = new Set<string>();
  if (!task.verdicts) return items;
  for await (const rows of readVerdicts(deps, task.verdicts))
    for (const row of rows)
      if (row.end === "final") items.add(`${parseSliceId(row.slice).request}:${row.ordinal}`);
  return items;
}

/** The rows by which lines travelled again, as they were priced last. */
async function travelledAgain(deps: HarvesterDeps, task: TaskDoc): Promise<ReadonlyMap<number, VerdictRow>> {
  const travelled = new Map<number, VerdictRow>();
  for (const verdicts of task.verdicts ? [task.verdicts, ...task.revisions] : [])
    for await (const rows of readVerdicts(deps, verdicts))
      for (const row of rows) if (row.end === "retry") travelled.set(row.line, row);
  return travelled;
}

/** False where a request is just being closed: its results may or may not have these rows yet. */
async function applyRevision(deps: HarvesterDeps, task: TaskDoc, revision: Revision): Promise<boolean> {
  const requests = new Set<string>();
  for await (const rows of readVerdicts(deps, revision)) {
    await putOutcomes(deps, task, rows, revision.revision);
    for (const { slice } of rows) requests.add(parseSliceId(slice).request);
  }
  // Before the requests, whose cost is that of their slices.
  for (const request of await repriceSlices(deps, task, revision)) requests.add(request);
  let all = true;
  for (const request of requests)
    all = (await reviseRequest(deps, request, `${task.id}:${revision.revision}`)) && all;
  return all;
}

/** An ended task is due only while somebody has something to do on it: another replay, or a surplus job. */
export function nextDueAt(task: TaskDoc, at: number): number | null {
  return dutyOf("task", task) === null ? null : at;
}
