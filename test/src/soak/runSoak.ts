import { setTimeout as wait } from "node:timers/promises";
import type { DistributedProof, DistributedSite } from "../distributed/distributedSite.ts";
import { openRequests } from "../distributed/looks.ts";
import { submitMixed } from "../distributed/submitMixed.ts";
import { itemsOf } from "../e2e/mixedRequests.ts";
import { waitUntil } from "../e2e/waitUntil.ts";
import { random } from "../simulation/random.ts";
import type { Random } from "../simulation/random.ts";
import { GOOD_DAY, MOODS } from "./scenarios.ts";

/** How a soak is run. */
export interface SoakOptions {
  /** How long load and faults go on, in milliseconds; the quiet phase comes on top. */
  readonly forMs: number;
  readonly seed: number;
  /** A store that is slow gets smaller requests. */
  readonly few: boolean;
  readonly tell?: (line: string) => void;
}

/** What a soak came to. */
export interface SoakReport {
  readonly seed: number;
  readonly requests: number;
  readonly items: number;
  /** How often each blow was struck. */
  readonly blows: Readonly<Record<string, number>>;
  readonly proof: DistributedProof;
}

/** More open requests than this are not added to: the load is to go on, not to grow. */
const MOST_OPEN = 150;
const LONGEST_PAUSE_MS = 1_200;
/**
 * A frozen process is frozen for at most this long: beyond its lease of two seconds, and within the quiet period of
 * five, which is the bound where a create cannot be revoked.
 */
const LONGEST_FREEZE_MS = 4_000;
const READY_MS = 120_000;
const QUIET_MS = 300_000;

/** For the services of a soak. */
export const SOAK_ENV = {
  GRANARY_OPENAI_MAX_LINES: "60",
  GRANARY_OPENAI_LEASE: "2s",
  GRANARY_GEMINI_LEASE: "2s",
  GRANARY_ANTHROPIC_LEASE: "2s",
} as const;

type Blow = (site: DistributedSite, chance: Random) => Promise<string>;

/** What strikes, and how often among all blows. */
const BLOWS: readonly (readonly [number, Blow])[] = [
  [5, killService],
  [3, stopService],
  [3, freezeService],
  [3, changeMood],
  [4, interfere],
  [1, killNats],
];

/**
 * Load on all providers, with random faults of theirs and random blows on random processes; then quiet, and the
 * checker. Every draw comes from the seed; when a process gets to which step does not.
 */
export async function runSoak(
  site: DistributedSite,
  { forMs, seed, few, tell = () => {} }: SoakOptions,
): Promise<SoakReport> {
  const chance = random(seed);
  const blows: Record<string, number> = {};
  const until = performance.now() + forMs;
  let loads = 0;
  while (performance.now() < until) {
    if ((await openRequests(site.store)) < MOST_OPEN) await load(site, chance, `soak-${loads++}`, few);
    const what = await drawBlow(chance)(site, chance);
    const [kind = what] = what.split(":");
    blows[kind] = (blows[kind] ?? 0) + 1;
    tell(what);
    await wait(chance.below(LONGEST_PAUSE_MS));
  }
  tell("quiet");
  await site.change(GOOD_DAY);
  for (const service of site.stack.services) {
    service.signal("SIGCONT");
    if (!service.running) service.start();
  }
  await Promise.all(site.stack.services.map(async (service) => service.becomesReady(READY_MS)));
  await site.settles(QUIET_MS);
  await site.facts.hearStream();
  const proof = await site.prove();
  const { requests, items } = await count(site);
  return { seed, requests, items, blows, proof };
}

function drawBlow(chance: Random): Blow {
  const all = BLOWS.flatMap(([weight, blow]) => Array.from({ length: weight }, () => blow));
  return chance.pick(all);
}

/** A mix for all providers, or one request that has little time. Whoever submits repeats it until it is answered. */
async function load(site: DistributedSite, chance: Random, name: string, few: boolean): Promise<void> {
  if (chance.chance(0.6)) return submitMixed(site, name, { few });
  await site.caller.submit({
    requestId: name,
    items: itemsOf(1 + chance.below(40)),
    ...chance.pick([
      {},
      { provider: "gemini", model: "gemini-2.5-flash" },
      { provider: "anthropic", model: "claude-haiku-4-5" },
    ]),
    ...(chance.chance(0.4) ? { deadline: `${1 + chance.below(8)}s` } : {}),
    retry: { maxAttempts: 1 + chance.below(4) },
  });
}

async function killService({ stack }: DistributedSite, chance: Random): Promise<string> {
  const service = chance.pick(stack.services);
  service.signal("SIGKILL");
  await service.exited();
  service.start();
  return `kill -9: ${service.name}`;
}

async function stopService({ stack }: DistributedSite, chance: Random): Promise<string> {
  const service = chance.pick(stack.services);
  // One that is only just being started does not know of signals yet.
  const isUp = await service.ready();
  const { code } = await service.stop();
  if (isUp && code !== 0)
    throw new Error(`${service.name} ended with ${code} after SIGTERM: ${service.logPath}`);
  service.start();
  return `SIGTERM: ${service.name}`;
}

/** A process stands still, perhaps for longer than its leases, and goes on as if nothing had happened. */
async function freezeService({ stack }: DistributedSite, chance: Random): Promise<string> {
  const service = chance.pick(stack.services);
  const forMs = 500 + chance.below(LONGEST_FREEZE_MS);
  service.signal("SIGSTOP");
  await wait(forMs);
  service.signal("SIGCONT");
  return `SIGSTOP: ${service.name} for ${forMs} ms`;
}

async function changeMood(site: DistributedSite, chance: Random): Promise<string> {
  const mood = chance.pick(Object.keys(MOODS));
  const scenario = MOODS[mood];
  if (scenario) await site.change(scenario);
  return `mood: ${mood}`;
}

/** Somebody cancels, or asks again for, what failed. */
async function interfere(site: DistributedSite, chance: Random): Promise<string> {
  const states = chance.chance(0.7) ? (["accepted", "running"] as const) : (["ended"] as const);
  const some = await site.store.requests({ states }, { limit: 50 });
  if (some.length === 0) return "command: none";
  const { source, requestId } = chance.pick(some);
  const type = states[0] === "ended" ? "retry" : chance.pick(["cancel", "poll"] as const);
  const event = {
    specversion: "1.0",
    id: `${type}-${requestId}-${chance.below(1_000_000)}`,
    source,
    type: `granary.v1.command.${type}`,
    data: { source, requestId },
  };
  await site.caller.publish(event.type, JSON.stringify(event), 1_000).catch(() => null);
  return `command: ${type} ${requestId}`;
}

/** The broker goes, and comes again with its volume: wiped, facts that nobody has heard yet are gone for good. */
async function killNats({ stack }: DistributedSite, chance: Random): Promise<string> {
  await stack.nats.kill("SIGKILL");
  await wait(chance.below(2_000));
  await stack.nats.restart();
  await waitUntil("a service has found NATS again", async () => anyReady(stack.services), {
    deadlineMs: READY_MS,
  });
  return "nats: kill -9";
}

async function anyReady(services: DistributedSite["stack"]["services"]): Promise<boolean> {
  return (await Promise.all(services.map(async (service) => service.ready()))).some(Boolean);
}

async function count({ store }: DistributedSite): Promise<Pick<SoakReport, "requests" | "items">> {
  let requests = 0;
  let items = 0;
  for (let after: string | undefined; ;) {
    const page = await store.requests({}, { after, limit: 500 });
    requests += page.length;
    for (const { itemCount } of page) items += itemCount;
    after = page.at(-1)?.id;
    if (page.length < 500) return { requests, items };
  }
}
