import type { Store } from "@granary/domain";
import type { LedgerCreate } from "@granary/simulator";
import { readLedger } from "@granary/simulator";
import { checkWorkspace } from "../e2e/checkWorkspace.ts";
import { waitUntil } from "../e2e/waitUntil.ts";
import type { CrashSite } from "./crashSite.ts";
import { requestOf } from "./orders.ts";
import type { Situation } from "./situations.ts";

/** A fact is dropped from the store once the bus has it, which may be before it has come to us. */
const HEARING_MS = 5_000;

/**
 * What is wrong with a site where nobody is at work and nothing is left to do, each in a sentence: what the checker
 * finds, jobs that were created twice, requests that did not end as they had to, facts that were not told.
 */
export async function proveCrashSite(site: CrashSite, situation: Situation): Promise<readonly string[]> {
  const { workspace, simulatorFolder, factFaults } = site;
  const faults = [...(await checkerFaults(site))];
  for (const { tag, jobs } of await secondJobs(simulatorFolder))
    faults.push(`${jobs} jobs were created for ${tag}`);
  faults.push(...(await wrongEnds(workspace.store, situation)));
  if (factFaults) {
    const untold = await waitUntil(
      "every fact was heard",
      async () => ((await factFaults()).length === 0 ? [] : null),
      {
        deadlineMs: HEARING_MS,
      },
    ).catch(factFaults);
    faults.push(...untold);
  }
  return faults;
}

/** What the checker finds, and what it could not look at, each in a sentence. */
export async function checkerFaults({
  workspace,
  simulatorFolder,
  factFaults,
}: Pick<CrashSite, "workspace" | "simulatorFolder" | "factFaults">): Promise<readonly string[]> {
  const report = await checkWorkspace(workspace, await creates(simulatorFolder));
  const faults = report.findings.map(({ rule, id, message }) => `${rule} ${id}: ${message}`);
  for (const { rule, skipped } of report.proved)
    if (skipped !== undefined && !(rule === "V10" && factFaults))
      faults.push(`${rule} was not proven: ${skipped}`);
  return faults;
}

/** Tags under which the ledger has more than one job. */
export async function secondJobs(
  simulatorFolder: string,
): Promise<readonly { readonly tag: string; readonly jobs: number }[]> {
  const byTag = Map.groupBy(await creates(simulatorFolder), ({ tag }) => tag ?? "none");
  return [...byTag].filter(([, jobs]) => jobs.length > 1).map(([tag, jobs]) => ({ tag, jobs: jobs.length }));
}

async function creates(simulatorFolder: string): Promise<readonly LedgerCreate[]> {
  return (await readLedger(simulatorFolder)).filter((entry) => entry.kind === "create");
}

/** Requests that have not ended, or in another way than this work has to. */
export async function wrongEnds(
  store: Store,
  { orders, isCut }: Pick<Situation, "orders" | "isCut">,
): Promise<readonly string[]> {
  const cancelled = new Set(
    orders.flatMap(({ command }) => (command.type === "cancel" ? [requestOf(command)] : [])),
  );
  const faults: string[] = [];
  for (const { command, isRefused } of orders) {
    const id = requestOf(command);
    const request = await store.load("request", id);
    if (isRefused ? request !== undefined : request?.state !== "ended")
      faults.push(`${command.id} came to ${request?.state ?? "nothing"}`);
    else if (!isCut && request && !cancelled.has(id) && request.result !== "succeeded")
      faults.push(`${command.id} ended ${request.result}`);
  }
  return faults;
}
