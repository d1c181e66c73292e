import { setTimeout as wait } from "node:timers/promises";
import { openDistributedSite } from "../distributed/distributedSite.ts";
import { openRequests } from "../distributed/looks.ts";
import { submitMixed } from "../distributed/submitMixed.ts";
import type { Rig } from "../e2e/rig.ts";
import { waitUntil } from "../e2e/waitUntil.ts";
import { random } from "../simulation/random.ts";
import type { RaceReport } from "./raceReport.ts";

const PACE = { validatingMs: 50, jobMs: 600, lineMs: 1, finalizingMs: 50, jitter: 0.5 };
const LONGEST_PAUSE_MS = 600;

/** How many replicas, and how many of them die. */
export interface ReplicasRaceOptions {
  /** Of each service. */
  readonly replicas: number;
  readonly kills: number;
  readonly seed: number;
}

/**
 * Many replicas of every service on one store, more than there is work for: some are killed while they are at it, half
 * of those come back. A new piece of work comes with each blow.
 */
export async function runReplicasRace(
  rig: Rig,
  { replicas, kills, seed }: ReplicasRaceOptions,
): Promise<RaceReport> {
  const chance = random(seed);
  const site = await openDistributedSite(rig, {
    store: "sqlite",
    replicas,
    scenario: {
      seed,
      pace: PACE,
      rates: { error_500: 0.05 },
      faults: [
        { on: "create", what: "response_lost", rate: 0.2 },
        { on: "job", what: "list_lag", rate: 0.3, ms: 500 },
        { on: "job", what: "expire", rate: 0.1, share: 0.5 },
      ],
    },
    env: {
      GRANARY_LOG_LEVEL: "warn",
      GRANARY_OPENAI_MAX_LINES: "20",
      GRANARY_OPENAI_LEASE: "2s",
      GRANARY_GEMINI_LEASE: "2s",
      GRANARY_ANTHROPIC_LEASE: "2s",
    },
  });
  const { services } = site.stack;
  const processes = services.length;
  const killed: string[] = [];
  let openAtKills = 0;
  const owners = new Set<string>();
  await submitMixed(site, "first", { few: true });
  for (let blow = 0; blow < kills; blow += 1) {
    await wait(chance.below(LONGEST_PAUSE_MS));
    for (const { owner } of await site.store.tasks({}, { limit: 500 })) if (owner) owners.add(owner);
    openAtKills += await openRequests(site.store);
    const victim = chance.pick(services.filter(({ running }) => running));
    victim.signal("SIGKILL");
    await victim.exited();
    killed.push(victim.name);
    if (chance.chance(0.5)) victim.start();
    await submitMixed(site, `blow-${blow}`, { few: true });
  }
  await waitUntil("of each service one is left", () =>
    ["submitter", "monitor", "harvester"].every((role) =>
      services.some(({ service, running }) => service === role && running),
    ),
  );
  await site.settles();
  await site.facts.hearStream();
  const codes = await site.stops();
  const faults = codes.flatMap((code, index) =>
    code === 0 || killed.includes(services[index]?.name ?? "")
      ? []
      : [`${services[index]?.name} ended with ${code}`],
  );
  // Or nothing was proved.
  if (openAtKills === 0) faults.push("nothing was open at any blow");
  const requests = await site.store.requests({}, { limit: 500 });
  const tasks = await site.store.tasks({}, { limit: 500 });
  return {
    proof: await site.prove(),
    faults,
    seen: `${processes} processes, killed ${killed.join(", ")}, ${openAtKills} requests open at the blows, ${owners.size} owners seen: ${requests.length} requests and ${tasks.length} tasks ended`,
  };
}
