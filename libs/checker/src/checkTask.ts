import type { OutputValidator, Slice, TaskDoc } from "@granary/domain";
import { checkOutcomes, checkSlices } from "./checkApplied.ts";
import { checkDue } from "./checkDue.ts";
import { PAGE } from "./checking.ts";
import type { Checking } from "./checking.ts";
import { checkCharge, checkJobs, checkSent } from "./checkJobs.ts";
import { checkKeys } from "./checkRequest.ts";
import { checkVerdicts } from "./checkVerdicts.ts";
import { checkManifest, isJudged, readLineMap } from "./lineMap.ts";
import type { Notebook } from "./notebook.ts";
import { slicesOfTask } from "./pages.ts";
import { proveBytes } from "./provenBytes.ts";
import { rejudge } from "./rejudge.ts";
import type { ValidatorOf } from "./rejudge.ts";

/** One task: its slices, files, verdicts and what became of them, and its jobs. */
export async function checkTask(checking: Checking, note: Notebook, task: TaskDoc): Promise<void> {
  note.met("tasks");
  if (task.state !== "ended" && task.state !== "void") note.met("openTasks");
  checking.facts.expect("task", task);
  checkDue(checking, note, "task", task);
  checkKeys(note, task.id, JSON.stringify(task), { task: task.id });
  await checkJobs(checking, note, task);
  const slices = await slicesOfTask(checking.store, task.id);
  checkLeft(checking, note, task, slices);
  if (task.purged) return checkKept(checking, note, task);
  const map = await readLineMap(checking, note, task);
  const settled = task.state === "ended" && task.verdicts !== null;
  if (!map || (!settled && !checking.quiet)) return proveFiles(checking, note, task);
  if (task.state !== "void") checkManifest(note, task, map, slices);
  await checkSent(checking, note, task, map, slices);
  const isLocked = (id: string): boolean => {
    const slice = slices.get(id);
    return slice !== undefined && isJudged(slice);
  };
  const raw = await rejudge(checking, note, task, map, isLocked, await validatorsOf(checking, task, slices));
  const book = await checkVerdicts(checking, note, { task, map, slices, raw });
  if (!book) return;
  await checkOutcomes(checking, note, task, book, settled);
  await checkSlices(checking, note, task, slices, book);
  if (raw) checkCharge(checking, note, task, raw);
}

/**
 * A task that carried what was purged: where another request needs its files they are there. That its requests' parts
 * are gone is proven with them.
 */
async function checkKept(checking: Checking, note: Notebook, task: TaskDoc): Promise<void> {
  if (task.purged?.filesAt !== null) return;
  if (task.manifest) await proveBytes(checking, note, task.manifest, { task: task.id });
  await proveFiles(checking, note, task);
  note.unproven("V3", "verdicts of tasks that carried what was purged are not held against their items");
}

/** What is recorded is there, also where its content cannot be judged (yet). */
async function proveFiles(checking: Checking, note: Notebook, task: TaskDoc): Promise<void> {
  for (const ref of [...task.raw, ...(task.verdicts ? [task.verdicts] : []), ...task.revisions])
    await proveBytes(checking, note, ref, { task: task.id });
}

/** A void or ended task has nothing left in it (V5). Beside a system at work, a void one may still be giving back. */
function checkLeft(
  { quiet }: Checking,
  note: Notebook,
  task: TaskDoc,
  slices: ReadonlyMap<string, Slice>,
): void {
  if (task.state !== "ended" && task.state !== "void") return;
  note.checked("V5");
  if (!quiet && (task.state === "void" || !task.verdicts)) return;
  for (const { id, state, request } of slices.values())
    if (state === "placed" || state === "harvesting")
      note.found("V5", id, `is ${state} in ${task.id}, which is ${task.state}`, {
        slice: id,
        task: task.id,
        request,
      });
}

/** How each slice's request wants its answers. */
async function validatorsOf(
  { store, validatorOf }: Checking,
  task: TaskDoc,
  slices: ReadonlyMap<string, Slice>,
): Promise<ValidatorOf> {
  if (task.raw.length === 0) return () => null;
  const requestOf = new Map([...slices.values()].map(({ id, request }) => [id, request]));
  const ids = [...new Set(requestOf.values())];
  const validators = new Map<string, OutputValidator | null | "unknown">();
  for (let at = 0; at < ids.length; at += PAGE)
    for (const { id, output, schemaSha } of await store.loadMany("request", ids.slice(at, at + PAGE)))
      validators.set(
        id,
        output.type === "text" ? null : (validatorOf(schemaSha ?? "", output.schema) ?? "unknown"),
      );
  return (slice) => validators.get(requestOf.get(slice) ?? "") ?? null;
}
