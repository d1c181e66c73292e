import { setTimeout as sleep } from "node:timers/promises";
import { BAD_DAY, mixedRequests } from "./mixedRequests.ts";
import { proveSite } from "./proveSite.ts";
import type { SiteProof } from "./proveSite.ts";
import type { Rig } from "./rig.ts";
import { scenarioFile } from "./simulatorProcess.ts";
import { openBareSite, openSite, stopped } from "./site.ts";
import type { Site } from "./site.ts";
import { waitUntil } from "./waitUntil.ts";

/** How `granary up` is killed. */
export interface KillTestOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Whether the simulator lives on in a process of its own, or dies with `granary up`, whose child it is. */
  readonly simulator: "separate" | "child";
  /** A workload file to submit at the beginning, beside the work of each round. */
  readonly workload?: string;
  readonly say: (text: string) => void;
}

/** What a kill test came to. */
export interface KillTestResult {
  readonly proof: SiteProof;
  readonly items: number;
  readonly requests: number;
  /** Requests that had not ended when a process was killed, each time added up. */
  readonly openAtKills: number;
}

/** Some are killed while they come up, the others while they work. */
const EARLY_SHARE = 0.25;
const LONGEST_LIFE_MS = 4_000;
const DEADLINE_MS = 120_000;

/**
 * Submits work, starts `granary up` and kills it at a random moment, again and again; then starts it once more, lets
 * everything end, and proves it.
 * @throws WaitedTooLong where something does not end
 */
export async function runKillTest(rig: Rig, options: KillTestOptions): Promise<KillTestResult> {
  const { rounds, seed, say } = options;
  const random = randomNumbers(seed);
  const pace = { GRANARY_OPENAI_MAX_LINES: "60" };
  const separate = options.simulator === "separate";
  const scenario = { seed, ...BAD_DAY, faults: [...BAD_DAY.faults] };
  const site = separate ? await openSite(rig, scenario, pace) : await openBareSite(rig, pace);
  const args = separate ? [] : ["--scenario", await scenarioFile(rig, scenario)];
  let openAtKills = 0;
  if (options.workload !== undefined) {
    const submitted = await site.granary("submit", options.workload, "--no-wait");
    if (submitted.code !== 0) throw new Error(submitted.stderr);
  }
  for (let round = 1; round <= rounds; round += 1) {
    await accepted(site, `round${round}`);
    const early = random() < EARLY_SHARE;
    const lifeMs = Math.round(random() * LONGEST_LIFE_MS);
    const started = early ? site.startUp(...args) : await site.up(...args);
    await sleep(lifeMs);
    started.kill("SIGKILL");
    const exit = await started.exited;
    if (exit.signal !== "SIGKILL") throw new Error(`granary up ended by itself: ${started.stderr()}`);
    const open = await openRequests(site);
    openAtKills += open;
    say(
      `round ${round}: killed ${lifeMs} ms after it was ${early ? "started" : "up"}, ${open} requests open`,
    );
  }
  const last = await site.up(...args);
  await site.settles(DEADLINE_MS);
  const { code } = await stopped(last);
  if (code !== 0) throw new Error(`granary up ended with ${code}: ${last.stderr()}`);
  const { requests } = await site.workspace.store.gauges();
  const proof = await proveSite(site);
  const { outcomes } = proof.report.checked;
  return {
    proof,
    items: outcomes,
    requests: requests.reduce((sum, { count }) => sum + count, 0),
    openAtKills,
  };
}

/** Submits a piece of work, as a caller does: again and again until it hears that it was accepted. */
async function accepted(site: Site, name: string): Promise<void> {
  await waitUntil(`${name} is accepted`, async () => {
    const replies = await site.submit(...mixedRequests(name));
    return replies.every(({ status }) => status === "accepted");
  });
}

async function openRequests({ workspace }: Site): Promise<number> {
  const { requests } = await workspace.store.gauges();
  return requests.reduce((sum, { state, count }) => sum + (state === "ended" ? 0 : count), 0);
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
