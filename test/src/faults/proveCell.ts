import type { Command, Store } from "@granary/domain";
import { fault, readLedger } from "@granary/simulator";
import type { LedgerEntry } from "@granary/simulator";
import { checkWorkspace } from "../e2e/checkWorkspace.ts";
import { cellScenario } from "./cellScenario.ts";
import { CUT, requestIdOf } from "./cellWork.ts";
import type { End, FaultCell } from "./faultCase.ts";
import type { FaultSite } from "./faultSite.ts";

/** What is tried again as a rule, and ends so where a request is cancelled or a job has outlived its time. */
const UNTRIED: ReadonlySet<End> = new Set([
  "expired",
  "failed provider_error",
  "failed rate_limited",
  "failed missing",
  "failed unparseable",
]);

/** What a cell came to, looked at while nobody has anything left to do. */
export interface CellProof {
  /** What the checker found, jobs paid twice, ends that these faults do not lead to; each in a sentence. */
  readonly wrong: readonly string[];
  /** Faults of calls in the scenario that never struck. */
  readonly idle: readonly string[];
}

/** Looks at everything a cell left: store, artifacts, facts and the provider's own books. */
export async function proveCell(
  { workspace, simulatorFolder }: FaultSite,
  cell: FaultCell,
  commands: readonly Command[],
): Promise<CellProof> {
  const entries = await readLedger(simulatorFolder);
  const ledger = entries.filter((entry) => entry.kind === "create");
  const report = await checkWorkspace(workspace, ledger);
  const wrong = report.findings.map(({ rule, id, message }) => `${rule} ${id}: ${message}`);
  // The ledger is taken for that of simulated accounts alone; where the key is exchanged, `paidTwice` looks at it.
  const isLive = cell.cases.some(({ changesKey }) => changesKey);
  for (const { rule, skipped } of report.proved)
    if (skipped !== undefined && !(isLive && rule === "V7")) wrong.push(`${rule} was not proven: ${skipped}`);
  if (ledger.length === 0) wrong.push("no job was ever created");
  wrong.push(
    ...(await paidTwice(workspace.store, ledger)),
    ...(await strangeEnds(workspace.store, cell, commands)),
  );
  return { wrong, idle: idleFaults(cell, entries) };
}

/** Two jobs of one task's one attempt, where the second one is not among what was found too much and cancelled. */
async function paidTwice(
  store: Store,
  ledger: readonly Extract<LedgerEntry, { kind: "create" }>[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [tag, creates] of Map.groupBy(ledger, (create) => create.tag ?? "none")) {
    if (creates.length === 1) continue;
    const jobs = (await store.load("task", tag))?.jobs ?? [];
    const surplus = new Set(jobs.filter(({ how }) => how === "surplus").map(({ jobId }) => jobId));
    const taken = creates.filter(({ jobId }) => !surplus.has(jobId));
    if (taken.length > 1) wrong.push(`${taken.length} jobs were created for ${tag}`);
    else if (creates.some(({ status }) => status === "completed") && taken.length === 0)
      wrong.push(`all jobs of ${tag} are surplus`);
  }
  return wrong;
}

async function strangeEnds(
  store: Store,
  { cases }: FaultCell,
  commands: readonly Command[],
): Promise<readonly string[]> {
  const known = new Set<End>(["succeeded", ...cases.flatMap(({ ends = [] }) => ends)]);
  const isTimed = cases.some(({ settings }) => settings?.["JOB_TIMEOUT"] !== undefined);
  const wrong: string[] = [];
  for (const command of commands) {
    const id = requestIdOf(command);
    const request = await store.load("request", id);
    if (request?.state !== "ended") {
      wrong.push(`${command.id} came to ${request?.state ?? "nothing"}`);
      continue;
    }
    const rows = await store.outcomes(id, { limit: 500 });
    if (rows.length !== request.itemCount)
      wrong.push(`${command.id} has ${rows.length} outcomes for ${request.itemCount} items`);
    const ends = rows.map(({ status, reason }) => (status === "failed" ? `failed ${reason}` : status) as End);
    for (const [end, some] of Map.groupBy(ends, (each) => each))
      if (!known.has(end) && !((isTimed || command.id === `submit-${CUT}`) && UNTRIED.has(end)))
        wrong.push(`${some.length} items of ${command.id} ended ${end}`);
  }
  return wrong;
}

function idleFaults(cell: FaultCell, entries: readonly LedgerEntry[]): readonly string[] {
  const struck = new Set(entries.flatMap((entry) => (entry.kind === "fault" ? [entry.index] : [])));
  return (cellScenario(cell, 0).faults ?? []).flatMap((each, index) => {
    const { on, what, rate } = fault.parse(each);
    return on === "job" || rate !== undefined || struck.has(index) ? [] : [`${on} ${what}`];
  });
}
