import type { Account, AccountUsage, Catalogue, Gauges } from "@granary/domain";
import { StoreUnavailable } from "@granary/domain";
import { expect, test } from "vitest";
import { openMetrics } from "../src/index.ts";
import { anAccount, gate, ID, openRig, settled, START } from "./rig.ts";
import { counted, scraped } from "./scraped.ts";

const FOUND: Gauges = {
  tasks: [
    { account: ID, state: "running", count: 3, oldestAt: START - 60_000 },
    { account: "openai:default", state: "running", count: 2, oldestAt: START - 90_000 },
    { account: ID, state: "unknown", count: 1, oldestAt: START - 5_000 },
  ],
  requests: [{ state: "running", count: 4, oldestAt: START }],
  running: [
    { account: ID, model: "m", count: 2, oldestAt: START - 60_000 },
    { account: "openai:default", model: "m", count: 2, oldestAt: START - 90_000 },
    { account: ID, model: "n", count: 1, oldestAt: START - 10_000 },
  ],
  slicesOpen: 9,
  overdue: [
    { kind: "task", duty: "monitor", account: ID, count: 2, oldestDueAt: START - 30_000 },
    { kind: "task", duty: "monitor", account: "openai:default", count: 1, oldestDueAt: START - 40_000 },
    { kind: "task", duty: "harvester", account: ID, count: 5, oldestDueAt: START - 1_000 },
  ],
  nearExpiry: [
    { account: ID, count: 1 },
    { account: "openai:default", count: 1 },
  ],
  sweeps: [{ account: ID, seq: 1, orphans: 2, foreignJobs: 6 }],
  outbox: { pending: 7, oldestAt: START - 2_000 },
  poison: [{ kind: "task", id: "grtest-1", strikes: 5 }],
  dead: 3,
};

async function gaugesRig(gauges: () => Promise<Gauges>) {
  const { store, clock } = await openRig();
  await store.insertOnce("account", anAccount());
  const until = START + 1_000;
  for (const [scope, why] of [
    ["create:m", "limit"],
    ["*", "account"],
  ] as const)
    await store.signal("account", [ID], { type: "pause", scope, pause: { until, why, code: "429" } });
  const metrics = openMetrics({
    service: "monitor",
    version: "1",
    commit: "c",
    accounts: [{ id: ID, provider: "openai", mode: "simulated" }],
    runtime: false,
  });
  let asked = 0;
  metrics.watchStore(
    {
      ...store,
      gauges: async () => {
        asked += 1;
        return gauges();
      },
    },
    clock,
  );
  return { metrics, clock, asked: () => asked };
}

test("what the store has is told by provider, added over its accounts", async () => {
  const { metrics } = await gaugesRig(async () => FOUND);
  const of = async (name: string) => counted(metrics, name);
  expect(await of("granary_store_up")).toEqual(["monitor 1"]);
  expect(await of("granary_tasks")).toEqual(["openai running 5", "openai unknown 1"]);
  expect(await of("granary_oldest_in_state_seconds")).toEqual(["openai running 90", "openai unknown 5"]);
  expect(await of("granary_create_unknown")).toEqual(["openai 1"]);
  expect(await of("granary_polls_overdue")).toEqual(["openai 3"]);
  expect(await of("granary_oldest_overdue_poll_seconds")).toEqual(["openai 40"]);
  expect(await of("granary_overdue")).toEqual(["openai task harvester 5", "openai task monitor 3"]);
  expect(await of("granary_tasks_near_expiry")).toEqual(["openai 2"]);
  expect(await of("granary_orphan_provider_jobs")).toEqual(["openai 2"]);
  expect(await of("granary_outbox_pending")).toEqual(["monitor 7"]);
  expect(await of("granary_outbox_oldest_unpublished_seconds")).toEqual(["monitor 2"]);
  expect(await of("granary_poison_documents")).toEqual(["task 1"]);
  expect(await of("granary_requests")).toEqual(["running 4"]);
  expect(await of("granary_slices_open")).toEqual(["monitor 9"]);
  expect(await of("granary_dead_letters")).toEqual(["monitor 3"]);
  expect(await of("granary_paused")).toEqual(["openai all 1", "openai create 1"]);
});

test("models under way are told by provider, and begin their money at zero", async () => {
  const { metrics } = await gaugesRig(async () => FOUND);
  expect(await counted(metrics, "granary_running_jobs")).toEqual(["openai m 4", "openai n 1"]);
  expect(await counted(metrics, "granary_oldest_running_job_seconds")).toEqual([
    "openai m 90",
    "openai n 10",
  ]);
  expect(await counted(metrics, "granary_foreign_provider_jobs")).toEqual([`${ID} 6`]);
  const cost = (await scraped(metrics)).find(({ name }) => name === "granary_cost_dollars_total");
  expect(cost?.samples.map(({ labels, value }) => [labels["model"], value])).toEqual([
    ["m", 0],
    ["n", 0],
  ]);
});

test("what an account and a source spent stands beside what they may spend", async () => {
  const { store, clock } = await openRig();
  const accounts = [{ id: ID, provider: "openai", mode: "simulated" }] as const;
  const metrics = openMetrics({ service: "monitor", version: "1", commit: "c", accounts, runtime: false });
  const usage: AccountUsage = {
    jobs: 7,
    byModel: {},
    createsLastMinute: 0,
    spentMicros: 12_500_000,
    spentBySource: { shop: 2_500_000, other: 10_000_000 },
    oldestOpenAt: null,
    foreign: { jobs: 0, lines: 0 },
  };
  const limits = { job: { lines: 1, bytes: 1, lineBytes: 1, tokens: 1 }, jobs: 9, dailyMicros: 20_000_000 };
  let sources: Catalogue["sources"] = { shop: { dailyMicros: 5_000_000 }, other: { maxBacklog: 3 } };
  metrics.watchStore({ ...store, usage: async () => usage }, clock, {
    accounts: new Map([[ID, { settings: { limits } } as Account]]),
    get sources() {
      return sources;
    },
  });
  const of = async (name: string) => counted(metrics, name);
  expect(await of("granary_account_jobs")).toEqual([`${ID} 7`]);
  expect(await of("granary_account_jobs_limit")).toEqual([`${ID} 9`]);
  expect(await of("granary_spent_today_dollars")).toEqual([`${ID} 12.5`]);
  expect(await of("granary_daily_budget_dollars")).toEqual([`${ID} 20`]);
  expect(await of("granary_source_spent_today_dollars")).toEqual(["shop 2.5"]);
  expect(await of("granary_source_daily_budget_dollars")).toEqual(["shop 5"]);
  // A budget that was raised while the process runs is told at the next look.
  sources = { shop: { dailyMicros: 6_000_000 } };
  await clock.move(1_000);
  expect(await of("granary_source_daily_budget_dollars")).toEqual(["shop 6"]);
});

test("the room on a disk is told, and nothing of a folder that is not there", async () => {
  const metrics = openMetrics({
    service: "monitor",
    version: "1",
    commit: "c",
    accounts: [],
    runtime: false,
  });
  metrics.watchDisks({ artifacts: import.meta.dirname, store: "/nowhere/at/all" });
  const samples = (await scraped(metrics)).flatMap((family) => family.samples);
  const of = (name: string) => samples.filter((sample) => sample.name === name);
  const [free] = of("granary_disk_available_bytes");
  const [size] = of("granary_disk_size_bytes");
  expect(of("granary_disk_available_bytes")).toHaveLength(1);
  expect(free?.labels).toEqual({ service: "monitor", disk: "artifacts" });
  expect(free?.value).toBeGreaterThan(0);
  expect(size?.value).toBeGreaterThanOrEqual(free?.value ?? 0);
});

test("what is over is not told any more, and a pause ends by itself", async () => {
  let found = FOUND;
  const { metrics, clock } = await gaugesRig(async () => found);
  await metrics.scrape();
  found = { ...FOUND, tasks: [], overdue: [], poison: [] };
  await clock.move(1_001);
  for (const name of ["granary_tasks", "granary_overdue", "granary_poison_documents", "granary_paused"])
    expect(await counted(metrics, name)).toEqual([]);
});

test("scrapes that come close together share one look at the store", async () => {
  const { metrics, clock, asked } = await gaugesRig(async () => FOUND);
  await Promise.all([metrics.scrape(), metrics.scrape()]);
  await metrics.scrape();
  expect(asked()).toBe(1);
  await clock.move(1_000);
  await metrics.scrape();
  expect(asked()).toBe(2);
});

test("while the store is away a scrape has the counters, and no old numbers", async () => {
  let away = false;
  const { metrics, clock } = await gaugesRig(async () => {
    if (away) throw new StoreUnavailable("away");
    return FOUND;
  });
  await metrics.scrape();
  away = true;
  await clock.move(1_000);
  const families = await scraped(metrics);
  const samplesOf = (name: string) => families.find((family) => family.name === name)?.samples ?? [];
  expect(samplesOf("granary_store_up").map(({ value }) => value)).toEqual([0]);
  for (const name of ["granary_tasks", "granary_outbox_pending", "granary_paused", "granary_slices_open"])
    expect(samplesOf(name)).toEqual([]);
  expect(samplesOf("granary_lease_lost_total")).toHaveLength(1);
  away = false;
  expect(await counted(metrics, "granary_store_up")).toEqual(["monitor 1"]);
});

test("a store that does not answer keeps no scrape waiting, and is not asked a second time meanwhile", async () => {
  const { opened, open } = gate();
  const { metrics, clock, asked } = await gaugesRig(async () => {
    await opened;
    return FOUND;
  });
  const scraping = Promise.all([metrics.scrape(), metrics.scrape()]);
  await settled();
  await clock.move(2_000);
  const [{ text }] = await scraping;
  expect(text).toContain('granary_store_up{service="monitor"} 0');
  expect(asked()).toBe(1);
  open();
  await settled();
  expect(await counted(metrics, "granary_store_up")).toEqual(["monitor 1"]);
});
