import type { Gauges } from "@granary/domain";
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
  sweeps: [{ account: ID, seq: 1, orphans: 2, foreignJobs: 0 }],
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
