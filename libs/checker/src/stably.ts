import type { DocOf } from "@granary/domain";
import type { Checking } from "./checking.ts";
import { notebook } from "./notebook.ts";
import type { Notebook } from "./notebook.ts";
import { taskPages } from "./pages.ts";

/** A document that changes this often while it is looked at is left for the next time. */
const TURNS = 5;

type Subject = "request" | "task";

/**
 * Checks a document and keeps what is true of it. Beside a system at work it is read several times, and something may
 * have been written in between: then findings count only if they are found again and nothing had changed.
 */
export async function stably<K extends Subject>(
  checking: Checking,
  report: Notebook,
  kind: K,
  first: DocOf[K],
  check: (checking: Checking, note: Notebook, doc: DocOf[K]) => Promise<void>,
): Promise<void> {
  let note = notebook();
  await check(checking, note, first);
  if (checking.quiet || !note.hasFindings()) return report.add(note);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const doc = await checking.store.load(kind, first.id);
    if (!doc) return;
    const before = await standOf(checking, kind, doc);
    note = notebook();
    await check(checking, note, doc);
    if (!note.hasFindings()) return report.add(note);
    const now = await checking.store.load(kind, first.id);
    if (before !== null && now && before === (await standOf(checking, kind, now))) return report.add(note);
  }
  report.unproven("V2", `${kind} ${first.id} did not hold still`);
}

/** The versions a check depends on; null while a replay is being applied, when outcomes change by themselves. */
async function standOf<K extends Subject>(
  { store }: Checking,
  kind: K,
  doc: DocOf[K],
): Promise<string | null> {
  const tasks = kind === "task" ? [doc as DocOf["task"]] : [];
  if (kind === "request") for await (const page of taskPages(store, doc.id)) tasks.push(...page);
  if (tasks.some(({ revisions }) => revisions.some(({ appliedAt }) => appliedAt === null))) return null;
  return [doc.version, ...tasks.map(({ id, version }) => `${id}@${version}`)].join(" ");
}
