import type { RequestDoc, TaskDoc, WaitsFor } from "@granary/domain";
import { errorText, remedyFor } from "../remedies.ts";
import type { Workspace } from "../stack/workspace.ts";
import { count, duration } from "../terminal/format.ts";
import { examineOverdue } from "./examineOverdue.ts";
import type { Symptom } from "./symptom.ts";
import { bad, fine, note } from "./symptom.ts";

const PAGE = 500;
const OUTBOX_MS = 600_000;
/** A fact is published at once; where it is not, something holds it up. */
const OUTBOX_LATE_MS = 15_000;
const OPEN_TASKS = [
  "packing",
  "planned",
  "submitting",
  "unknown",
  "running",
  "harvesting",
  "settling",
] as const;

/** What is overdue, poisoned, waiting, or dead. */
export async function examineWork(workspace: Workspace): Promise<readonly Symptom[]> {
  const { store, atWork } = workspace;
  const isUp = (await atWork()).kind !== "nobody";
  const now = await store.now();
  const gauges = await store.gauges();
  const symptoms: Symptom[] = [];
  const add = (symptom: Symptom): void => void symptoms.push(symptom);
  for (const symptom of await examineOverdue(store, gauges.overdue, isUp)) add(symptom);
  for (const { kind, id, strikes } of gauges.poison)
    add(
      bad(
        "poison",
        `${kind} ${id} failed its worker ${strikes} times in a row`,
        `granary show ${id}, and the log of granary up, say why; it is tried again ever more seldom`,
      ),
    );
  for (const symptom of await waiting(workspace)) add(symptom);
  if (gauges.dead > 0)
    add(
      bad(
        "dead letters",
        `${count(gauges.dead)} messages could not be read`,
        "their senders must correct them",
      ),
    );
  const { pending, oldestAt } = gauges.outbox;
  const oldestMs = isUp && oldestAt !== null ? now - oldestAt : 0;
  if (oldestMs > OUTBOX_LATE_MS)
    add(
      (oldestMs > OUTBOX_MS ? bad : note)(
        "facts",
        `${count(pending)} facts wait to be published, the oldest for ${duration(oldestMs)}`,
        "the log of whoever publishes them says why (facts not relayed): is NATS away or full, or a disk?",
      ),
    );
  const open = gauges.requests.filter(({ state }) => state !== "ended");
  const number = open.reduce((sum, group) => sum + group.count, 0);
  return [fine("work", `${count(number)} requests open, ${count(gauges.slicesOpen)} slices`), ...symptoms];
}

interface Waiting {
  number: number;
  readonly example: string;
  readonly error: string;
}

async function waiting({ store }: Workspace): Promise<readonly Symptom[]> {
  const groups = new Map<WaitsFor, Waiting>();
  const add = (doc: Pick<TaskDoc | RequestDoc, "id" | "waitsFor" | "lastError">): void => {
    if (!doc.waitsFor) return;
    const group = groups.get(doc.waitsFor);
    if (group) group.number += 1;
    else groups.set(doc.waitsFor, { number: 1, example: doc.id, error: errorText(doc.lastError) });
  };
  let after: string | undefined;
  for (;;) {
    const page = await store.tasks({ states: OPEN_TASKS }, { after, limit: PAGE });
    for (const task of page) add(task);
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  after = undefined;
  for (;;) {
    const page = await store.requests({ states: ["closing"] }, { after, limit: PAGE });
    for (const request of page) add(request);
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  return [...groups].map(([waitsFor, { number, example, error }]) => {
    const message = `${count(number)} wait for ${waitsFor}, such as ${example}${error ? ` (${error})` : ""}`;
    const needsPerson = waitsFor === "account" || waitsFor === "operator";
    return needsPerson
      ? bad("waiting", message, remedyFor(waitsFor))
      : note("waiting", message, remedyFor(waitsFor));
  });
}
