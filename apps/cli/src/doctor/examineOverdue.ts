import type { DocOf, Gauges, Kind, LastError, Role, Store, WaitsFor } from "@granary/domain";
import { dutyOf } from "@granary/domain";
import { errorText, remedyFor } from "../remedies.ts";
import { count, duration, instant } from "../terminal/format.ts";
import type { OverdueDocument, Symptom } from "./symptom.ts";
import { bad, note } from "./symptom.ts";

/** How long something may be due without anybody taking it up. */
const GRACE_MS = 60_000;
const PAGE = 500;
/** Of each group; the count says how many there are. */
const NAMED = 5;

type Group = Gauges["overdue"][number];

/**
 * Documents that are due and that nobody takes up: who should, since when, what they wait for, and what to do. The
 * oldest are named. Where nobody is at work, periodic looks are owed by nobody, and the rest is only worth knowing.
 */
export async function examineOverdue(
  store: Store,
  groups: readonly Group[],
  isUp: boolean,
): Promise<readonly Symptom[]> {
  const now = await store.now();
  const symptoms: Symptom[] = [];
  for (const group of groups) {
    const { kind, duty, account, count: number, oldestDueAt } = group;
    const lateMs = Math.max(0, now - oldestDueAt);
    if (isUp ? lateMs <= GRACE_MS : kind !== "request" && kind !== "task") continue;
    const documents = await overdueOf(store, group, now);
    const message = `${count(number)} ${kind} documents of ${account} are due for the ${duty}, the oldest for ${duration(lateMs)}`;
    const symptom = isUp
      ? bad("due work", message, remedyOf(duty, account))
      : note("due work", message, "start granary up");
    symptoms.push({ ...symptom, documents });
  }
  return symptoms;
}

function remedyOf(duty: Role, account: string): string {
  return `is granary up, or a ${duty}, running with the account ${account}, and not overloaded? Its /readyz and its log say so`;
}

/** The documents of a group that have been due for longest. */
async function overdueOf(
  store: Store,
  { kind, duty, account }: Group,
  now: number,
): Promise<readonly OverdueDocument[]> {
  const found: OverdueDocument[] = [];
  for await (const page of documentsOf(store, kind, account)) {
    for (const doc of page) {
      const { dueAt, leaseUntil } = doc;
      if (dueAt === null || dueAt > now || leaseUntil > now) continue;
      if (doc.account === account && dutyOf(kind, doc) === duty)
        found.push(described(kind, doc, duty, dueAt));
    }
    // All are looked at, in no order of their due times, and few are held.
    found.sort((one, other) => one.dueAt - other.dueAt);
    found.splice(NAMED);
  }
  return found;
}

type Accounted<K extends Kind> = DocOf[K] & { readonly account: string };

async function* documentsOf(
  store: Store,
  kind: Kind,
  account: string,
): AsyncGenerator<readonly Accounted<Kind>[]> {
  if (kind === "account" || kind === "sweep") {
    const doc = await store.load(kind, account);
    if (doc) yield [{ ...doc, account }];
    return;
  }
  let after: string | undefined;
  for (;;) {
    const page =
      kind === "task"
        ? await store.tasks({ account }, { after, limit: PAGE })
        : await store.requests({ states: ["accepted", "running", "closing"] }, { after, limit: PAGE });
    yield page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

function described(kind: Kind, doc: Accounted<Kind>, duty: Role, dueAt: number): OverdueDocument {
  const { waitsFor = null, lastError = null } = doc as {
    readonly waitsFor?: WaitsFor | null;
    readonly lastError?: LastError | null;
  };
  return {
    kind,
    id: doc.id,
    state: doc.state,
    dueAt,
    since: instant(dueAt),
    waitsFor: waitsFor ?? `the ${duty}`,
    remedy: waitsFor ? remedyFor(waitsFor) : `nobody has taken it up: start a ${duty} with its account`,
    lastError: errorText(lastError),
  };
}
