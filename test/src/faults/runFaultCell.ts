import { systemClock } from "@granary/runtime";
import { openRig } from "../e2e/rig.ts";
import { isSettled, openText } from "../e2e/site.ts";
import { waitUntil } from "../e2e/waitUntil.ts";
import { cancelOf, CUT, requestIdOf, runsOrEnded, submitsOf } from "./cellWork.ts";
import type { FaultCell, FaultOutcome } from "./faultCase.ts";
import type { FaultSite } from "./faultSite.ts";
import { openFaultSite } from "./faultSite.ts";
import { proveCell } from "./proveCell.ts";

const DEADLINE_MS = 120_000;
/** Long enough after the work that no step was only between two writes. */
const IDLE_LOOKS = 5;

/** Runs one cell: some requests, the faults, nobody to help; and proves what came of it. */
export async function runFaultCell(cell: FaultCell, seed: number): Promise<FaultOutcome> {
  const startedAt = performance.now();
  const rig = await openRig();
  const wrong: string[] = [];
  let idle: readonly string[] = [];
  try {
    const site = await openFaultSite(rig, cell, seed);
    try {
      const commands = await work(site, cell);
      await site.calm();
      const proof = await proveCell(site, cell, commands);
      wrong.push(...proof.wrong);
      idle = proof.idle;
      await site.stop();
    } catch (error) {
      wrong.push((error as Error).stack ?? String(error));
    }
    if (wrong.length > 0) wrong.push(`it said last:\n${site.complaints().join("\n")}`);
  } catch (error) {
    wrong.push((error as Error).stack ?? String(error));
  } finally {
    await rig.close();
  }
  return { cell, wrong, idle, ms: Math.round(performance.now() - startedAt) };
}

async function work(site: FaultSite, cell: FaultCell) {
  const commands = submitsOf(cell);
  const replies = await site.workspace.submitter.handle(commands);
  const refused = replies.filter(({ status }) => status !== "accepted");
  if (refused.length > 0) throw new Error(`not accepted: ${JSON.stringify(refused)}`);
  const cut = commands.find(({ id }) => id === `submit-${CUT}`);
  if (cut) {
    await waits(site, "a job runs that is to be cancelled", async () =>
      runsOrEnded(site.workspace.store, requestIdOf(cut)),
    );
    await site.workspace.submitter.handle([cancelOf()]);
  }
  if (cell.cases.some(({ changesKey }) => changesKey)) {
    const [own] = commands;
    await waits(site, "jobs run whose key is exchanged", async () =>
      runsOrEnded(site.workspace.store, requestIdOf(own!)),
    );
    await site.exchangeKey();
  }
  let idleLooks = 0;
  await waits(site, "nothing is left to do", async () => {
    idleLooks = (await isIdle(site)) ? idleLooks + 1 : 0;
    return idleLooks >= IDLE_LOOKS;
  });
  return commands;
}

/** Nothing is left to do, at the provider neither: files that are to go are gone, jobs too much are closed. */
async function isIdle({ workspace: { store } }: FaultSite): Promise<boolean> {
  if (!(await isSettled(store))) return false;
  const tasks = await store.tasks({}, { limit: 500 });
  return tasks.every(({ state, dueAt }) => state === "void" || dueAt === null || dueAt > latest());
}

/** What is due later than this is a matter of housekeeping. */
function latest(): number {
  return systemClock.now() + DEADLINE_MS;
}

async function waits(site: FaultSite, what: string, look: () => Promise<boolean>): Promise<void> {
  await waitUntil(what, look, {
    deadlineMs: DEADLINE_MS,
    state: async () => openText(site.workspace.store),
  });
}
