import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Store, TaskDoc } from "@granary/domain";
import type { LedgerCreate } from "@granary/simulator";
import { readLedger } from "@granary/simulator";

const PAGE = 500;

/** What is audited. */
export interface AuditOptions {
  readonly store: Store;
  readonly artifactsFolder: string;
  readonly simulatedFolder: string;
  readonly liveFolder: string;
}

/** What the books of both sides say. */
export interface Audit {
  /** Each fault in a sentence. */
  readonly faults: readonly string[];
  readonly jobs: { readonly simulated: number; readonly live: number };
  /** Items that travelled and were paid for, on each side. */
  readonly items: { readonly simulated: number; readonly live: number };
  /** Items of all requests. */
  readonly wanted: number;
}

/**
 * Holds both ledgers against store and manifests: each job is a task's of that side's account, no task has a job on the
 * other side or a second one, and no item is in two lines that were paid for. Nothing may be under way.
 */
export async function auditLedgers({
  store,
  artifactsFolder,
  simulatedFolder,
  liveFolder,
}: AuditOptions): Promise<Audit> {
  const sides = {
    simulated: createsOf(await readLedger(simulatedFolder)),
    live: createsOf(await readLedger(liveFolder)),
  };
  const tasks = new Map<string, TaskDoc>();
  for await (const task of pages((page) => store.tasks({}, page))) tasks.set(task.id, task);
  const faults: string[] = [];
  const createdOn = new Map<string, string>();
  const paid = new Map<string, number>();
  const items = { simulated: 0, live: 0 };
  for (const side of ["simulated", "live"] as const)
    for (const { jobId, tag, lines, charge, status } of sides[side]) {
      const task = tasks.get(tag ?? "");
      if (!task) {
        faults.push(`the ${side} job ${jobId} is no task's`);
        continue;
      }
      const before = createdOn.get(task.id);
      if (before !== undefined)
        faults.push(`${task.id} has a job on the ${before} side, and another on the ${side} one`);
      createdOn.set(task.id, side);
      if (task.account.endsWith(":simulated") !== (side === "simulated"))
        faults.push(`${task.id} of ${task.account} has a job on the ${side} side`);
      if (charge === null) faults.push(`the ${side} job ${jobId} has not ended`);
      else if (status !== "completed")
        faults.push(`the ${side} job ${jobId} ended ${status}: what it answered is not known here`);
      const carried = await carriedBy(store, artifactsFolder, task);
      if (lines !== carried.length)
        faults.push(`the ${side} job ${jobId} has ${lines} lines, the manifest ${carried.length}`);
      for (const item of carried) paid.set(item, (paid.get(item) ?? 0) + 1);
      items[side] += carried.length;
    }
  for (const [item, times] of paid) if (times > 1) faults.push(`${item} was paid for ${times} times`);
  let wanted = 0;
  for await (const { id, itemCount } of pages((page) => store.requests({}, page))) {
    wanted += itemCount;
    for (let ordinal = 0; ordinal < itemCount; ordinal += 1)
      if (!paid.has(itemName(id, ordinal))) faults.push(`${itemName(id, ordinal)} never travelled`);
  }
  return {
    faults,
    jobs: { simulated: sides.simulated.length, live: sides.live.length },
    items,
    wanted,
  };
}

function createsOf(entries: Awaited<ReturnType<typeof readLedger>>): readonly LedgerCreate[] {
  return entries.filter((entry) => entry.kind === "create");
}

/** The items in a task's lines, by its manifest. */
async function carriedBy(store: Store, folder: string, { manifest }: TaskDoc): Promise<readonly string[]> {
  if (!manifest) return [];
  const rows = (await readFile(join(folder, manifest.path), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly slice: string; readonly ordinal: number });
  const slices = await store.loadSlices([...new Set(rows.map(({ slice }) => slice))]);
  const requests = new Map(slices.map(({ id, request }) => [id, request]));
  return rows.map(({ slice, ordinal }) => itemName(requests.get(slice) ?? slice, ordinal));
}

function itemName(request: string, ordinal: number): string {
  return `item ${ordinal} of ${request}`;
}

async function* pages<T extends { readonly id: string }>(
  read: (page: { readonly after: string | undefined; readonly limit: number }) => Promise<readonly T[]>,
): AsyncGenerator<T> {
  let after: string | undefined;
  for (;;) {
    const found = await read({ after, limit: PAGE });
    yield* found;
    after = found.at(-1)?.id;
    if (found.length < PAGE) return;
  }
}
