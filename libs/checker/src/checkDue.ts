import type { DocOf, Kind } from "@granary/domain";
import type { Checking } from "./checking.ts";
import type { Notebook } from "./notebook.ts";

/** Whether anything is left to be done about a document. */
function isOpen<K extends Kind>(kind: K, doc: DocOf[K]): boolean;
function isOpen(kind: Kind, doc: DocOf[Kind]): boolean {
  if (kind === "account" || kind === "sweep") return true;
  if (doc.state !== "ended") return true;
  if (kind === "request") return false;
  const { again, revisions, jobs, files } = doc as DocOf["task"];
  return (
    again !== null ||
    files?.closedAt === null ||
    revisions.some(({ appliedAt }) => appliedAt === null) ||
    jobs.some(({ how, closedAt }) => how === "surplus" && closedAt === null)
  );
}

/** Whether the document asks to be looked at again and again, with nothing that anybody waits for. */
function isPeriodic<K extends Kind>(kind: K, doc: DocOf[K]): boolean;
function isPeriodic(kind: Kind, { state }: DocOf[Kind]): boolean {
  return kind === "account" || kind === "sweep" || state === "void";
}

/** Whoever is not done is due or leased, and not overdue (V9). While nobody is at work, no periodic look is owed. */
export function checkDue<K extends Kind>(
  { quiet, now, graceMs }: Checking,
  note: Notebook,
  kind: K,
  doc: DocOf[K],
): void {
  if (!isOpen(kind, doc)) return;
  note.checked("V9");
  const { id, dueAt, leaseUntil } = doc;
  const ids = { [kind]: id };
  if (leaseUntil > now) return;
  if (dueAt === null)
    return note.found("V9", id, `${kind} has not ended (${doc.state}) and is never due`, ids);
  const since = Math.max(dueAt, leaseUntil);
  if (since < now - graceMs && !(quiet && isPeriodic(kind, doc)))
    note.found("V9", id, `${kind} (${doc.state}) is overdue for ${Math.round((now - since) / 1000)} s`, ids);
  return undefined;
}
