import { setTimeout as wait } from "node:timers/promises";
import type { Store } from "@granary/domain";
import type { RunningDatabase } from "@granary/servers";
import { openRig } from "../e2e/rig.ts";
import { isSettled, openText } from "../e2e/site.ts";
import type { CrashCell, CrashOutcome } from "./crashCell.ts";
import { isDistributed } from "./crashCell.ts";
import type { CrashSite } from "./crashSite.ts";
import { openCrashSite } from "./crashSite.ts";
import type { Mortal } from "./life.ts";
import { proveCrashSite } from "./proveCrashSite.ts";
import { situationOf } from "./situations.ts";

const DEADLINE_MS = 120_000;
const DISTRIBUTED_DEADLINE_MS = 240_000;
const LOOK_MS = 50;
const LAST_LOOKS = 20;

/**
 * Runs one cell: strikes a process at its point, starts again what died, waits until nothing is left to do, and proves
 * it. Nobody else puts a hand to it. A point that does not come by is a fault.
 */
export async function runCell(cell: CrashCell, database: RunningDatabase | null): Promise<CrashOutcome> {
  const startedAt = performance.now();
  const rig = await openRig();
  const faults: string[] = [];
  try {
    const site = await openCrashSite(rig, cell, database);
    faults.push(...(await supervised(site, cell)));
    if (faults.length === 0) faults.push(...(await stopped(site.mortals)));
    for (const { said } of site.mortals)
      for (const line of new Set(said().split("\n")))
        if (line.startsWith("unnamed "))
          faults.push(`a write that is no point: ${line.slice("unnamed ".length)}`);
    if (faults.length === 0) {
      const situation = situationOf(cell.point.situation, cell.provider);
      faults.push(...(await proveCrashSite(site, situation)));
    }
    if (faults.length > 0) faults.push(...site.mortals.flatMap(lastWords));
  } catch (error) {
    faults.push((error as Error).stack ?? String(error));
  } finally {
    await rig.close();
  }
  return { cell, faults, ms: Math.round(performance.now() - startedAt) };
}

/** Starts again what dies, until nothing is left to do. Answers what was wrong with the dying. */
async function supervised(site: CrashSite, cell: CrashCell): Promise<readonly string[]> {
  const { store } = site.workspace;
  const deadlineMs = isDistributed(cell) ? DISTRIBUTED_DEADLINE_MS : DEADLINE_MS;
  const until = performance.now() + deadlineMs;
  let idleLooks = 0;
  for (;;) {
    for (const mortal of site.mortals) {
      if (mortal.isAlive()) continue;
      const fault = await wrongDeath(mortal, cell);
      if (fault !== null) return [fault];
      mortal.revive();
    }
    const struck = `struck ${cell.point.name}\n`;
    const isStruck = site.mortals.some(({ said }) => said().includes(struck));
    // Who lives and was struck has yet to end.
    const isAwaited = site.mortals.some(({ now, isAlive }) => isAlive() && now.stdout().includes(struck));
    const isOver = !isAwaited && site.areOrdersGiven() && (await isIdle(store));
    idleLooks = isOver && site.mortals.every(({ isAlive }) => isAlive()) ? idleLooks + 1 : 0;
    if (idleLooks > 0 && isStruck) return [];
    // What a process says may come later than what it wrote.
    if (idleLooks > LAST_LOOKS) return [`${cell.point.name} was not reached`];
    if (performance.now() > until)
      return [
        `not over after ${deadlineMs} ms, ${isStruck ? "" : "and not reached, "}open: ${await openText(store)}`,
      ];
    await wait(LOOK_MS);
  }
}

/** Null where a process has died as it was to. */
async function wrongDeath({ now }: Mortal, { point, signal }: CrashCell): Promise<string | null> {
  const exit = await now.finish();
  const struck = [...now.stdout().matchAll(/^struck (\S+)$/gm)].map(([, name]) => name);
  const isTold = signal === "term" && struck.includes(point.name);
  if (isTold ? exit.code === 0 : exit.signal === "SIGKILL" && struck.length > 0) return null;
  return `a process ended by itself (${exit.code ?? exit.signal}), struck at ${struck.join(", ") || "no point"}`;
}

/** Whether nothing is left to do, at the provider neither. */
export async function isIdle(store: Store): Promise<boolean> {
  if (!(await isSettled(store))) return false;
  const tasks = await store.tasks({}, { limit: 500 });
  return tasks.every(({ state, dueAt }) => state === "void" || dueAt === null);
}

async function stopped(mortals: readonly Mortal[]): Promise<readonly string[]> {
  for (const { now } of mortals) now.kill("SIGTERM");
  const exits = await Promise.all(mortals.map(async ({ now }) => now.finish()));
  return exits.flatMap(({ code, signal }) => (code === 0 ? [] : [`stopped with ${code ?? signal}`]));
}

/** For whoever has to find out: the writes before the end, and what was complained of. */
function lastWords({ role, said, complaints }: Mortal): readonly string[] {
  const words = `${said().split("\n").slice(-40).join("\n")}\n${complaints().split("\n").slice(-20).join("\n")}`;
  return [`${role ?? "all roles"} said last:\n${words}`];
}
