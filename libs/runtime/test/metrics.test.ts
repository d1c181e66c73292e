import { execFileSync, spawnSync } from "node:child_process";
import { COMMAND_TYPES, FACT_TYPES } from "@granary/domain";
import { describe, expect, test } from "vitest";
import { openMetrics } from "../src/index.ts";
import type { Metrics } from "../src/index.ts";
import {
  CALL_OUTCOMES,
  LINE_OUTCOMES,
  OPERATIONS,
  REQUEST_RESULTS,
  TASK_STATES,
  TASK_TRANSITIONS,
} from "../src/metrics/labels.ts";
import { openRig } from "./rig.ts";
import { parseScrape, scraped } from "./scraped.ts";

const ACCOUNTS = [
  { id: "openai:default", provider: "openai", mode: "live" },
  { id: "gemini:simulated", provider: "gemini", mode: "simulated" },
] as const;

function metricsOf(runtime = false): Metrics {
  return openMetrics({ service: "submitter", version: "1.2.3", commit: "abc", accounts: ACCOUNTS, runtime });
}

async function watched(): Promise<Metrics> {
  const { store, clock } = await openRig();
  const metrics = metricsOf();
  metrics.watchStore(store, clock);
  return metrics;
}

/** How many samples each metric has before anything happened; all of them zero. */
const AT_START = [
  ["granary_transitions_total", TASK_TRANSITIONS.length],
  ["granary_transition_conflicts_total", 3],
  ["granary_submissions_total", 2 * 4],
  ["granary_duplicate_provider_jobs_total", 2],
  ["granary_polls_total", 2 * 2 * CALL_OUTCOMES.length],
  ["granary_provider_requests_total", 2 * OPERATIONS.length * CALL_OUTCOMES.length],
  ["granary_provider_request_duration_seconds_count", 2 * OPERATIONS.length],
  ["granary_rate_limit_wait_seconds_count", 2 * OPERATIONS.length],
  ["granary_schema_drift_total", 2 * 2],
  ["granary_provider_file_removals_total", 2 * 3],
  ["granary_downloads_total", 2 * 3],
  ["granary_download_bytes_total", 2],
  ["granary_unused_cost_dollars_total", 2],
  ["granary_unpriced_tasks_total", 2],
  ["granary_account_jobs", 2],
  ["granary_spent_today_dollars", 2],
  ["granary_lines_total", 2 * LINE_OUTCOMES.length],
  ["granary_tokens_total", 2 * 3],
  ["granary_state_duration_seconds_count", 2 * 3],
  ["granary_end_to_end_seconds_count", 2 * REQUEST_RESULTS.length],
  ["granary_events_consumed_total", COMMAND_TYPES.length * 5],
  ["granary_event_handler_duration_seconds_count", COMMAND_TYPES.length],
  ["granary_dead_letters_total", 8],
  ["granary_facts_relayed_total", FACT_TYPES.length],
  ["granary_lease_lost_total", 1],
  ["granary_steps_total", 6],
  ["granary_claims_total", 4],
  ["granary_nats_reconnects_total", 1],
  ["granary_tasks", 2 * TASK_STATES.length],
  ["granary_oldest_in_state_seconds", 2 * TASK_STATES.length],
  ["granary_requests", 4],
  ["granary_create_unknown", 2],
  ["granary_orphan_provider_jobs", 2],
  ["granary_polls_overdue", 2],
  ["granary_oldest_overdue_poll_seconds", 2],
  ["granary_tasks_near_expiry", 2],
  ["granary_paused", 4],
  ["granary_overdue", 2 * 4 * 3],
  ["granary_poison_documents", 4],
  ["granary_outbox_pending", 1],
  ["granary_outbox_oldest_unpublished_seconds", 1],
  ["granary_dead_letters", 1],
] as const;

test("every combination of labels is there at zero before anything happened", async () => {
  const samples = (await scraped(await watched())).flatMap((family) => family.samples);
  const found = AT_START.map(([name]) => {
    const own = samples.filter((sample) => sample.name === name);
    return [name, own.length, own.filter(({ value }) => value !== 0).length];
  });
  expect(found).toEqual(AT_START.map(([name, count]) => [name, count, 0]));
});

test("what runs and the mode of each account are told", async () => {
  const families = await scraped(metricsOf());
  const of = (name: string) => families.find((family) => family.name === name)?.samples;
  expect(of("granary_build_info")).toEqual([
    {
      name: "granary_build_info",
      labels: { service: "submitter", version: "1.2.3", commit: "abc" },
      value: 1,
    },
  ]);
  expect(of("granary_account_info")?.map(({ labels }) => labels)).toEqual(
    ACCOUNTS.map(({ id, provider, mode }) => ({ provider, account: id, mode })),
  );
});

/** What has no sample before something is known of it: a connection, a model, a limit, a disk. */
const BEGIN_LATER = [
  "granary_nats_connected",
  "granary_running_jobs",
  "granary_oldest_running_job_seconds",
  "granary_cost_dollars_total",
  "granary_job_duration_seconds",
  "granary_foreign_provider_jobs",
  "granary_account_jobs_limit",
  "granary_daily_budget_dollars",
  "granary_source_spent_today_dollars",
  "granary_source_daily_budget_dollars",
  "granary_disk_available_bytes",
  "granary_disk_size_bytes",
];

test("names follow the rules: one prefix, base units, _total on counters and on nothing else", async () => {
  const families = await scraped(await watched());
  expect(families.length).toBeGreaterThan(35);
  for (const { name, type, help, samples } of families) {
    expect(name).toMatch(/^granary_[a-z][a-z0-9_]*[a-z0-9]$/);
    expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
    expect(name).not.toMatch(
      /_(?:ms|millis|milliseconds|minutes|hours|days|kb|mb|gb|kib|mib|percent|micros)(?:_|$)/,
    );
    expect(name).not.toMatch(/_(?:count|sum|bucket)$/);
    expect([name, type !== "histogram" || name.endsWith("_seconds")]).toEqual([name, true]);
    expect(help.length).toBeGreaterThan(10);
    expect([name, samples.length > 0 || BEGIN_LATER.includes(name)]).toEqual([name, true]);
  }
});

test("labels come from closed lists, and none is an id", async () => {
  const families = await scraped(await watched());
  const labels = new Set(
    families.flatMap(({ samples }) => samples.flatMap((one) => Object.keys(one.labels))),
  );
  expect([...labels].toSorted()).toEqual(
    "account commit direction field from kind le mode object op operation outcome provider reason result role service state to type version"
      .split(" ")
      .toSorted(),
  );
  const accounts = families.filter(({ samples }) => samples.some((one) => "account" in one.labels));
  // Accounts come from the configuration.
  expect(accounts.map(({ name }) => name).toSorted()).toEqual([
    "granary_account_info",
    "granary_account_jobs",
    "granary_spent_today_dollars",
  ]);
});

test("histograms are whole: buckets rise to +Inf, which is the count", async () => {
  const metrics = metricsOf();
  metrics.work.endToEnd.observe({ provider: "openai", result: "partial" }, 100);
  metrics.work.endToEnd.observe({ provider: "openai", result: "partial" }, 400_000);
  const family = (await scraped(metrics)).find(({ name }) => name === "granary_end_to_end_seconds");
  const own = (family?.samples ?? []).filter(
    ({ labels }) => labels["provider"] === "openai" && labels["result"] === "partial",
  );
  const buckets = own.filter(({ name }) => name.endsWith("_bucket"));
  expect(buckets.slice(0, 2).map(({ labels, value }) => [labels["le"], value])).toEqual([
    ["60", 0],
    ["300", 1],
  ]);
  expect(buckets.at(-1)).toMatchObject({ labels: { le: "+Inf" }, value: 2 });
  expect(own.find(({ name }) => name.endsWith("_sum"))?.value).toBe(400_100);
  expect(own.find(({ name }) => name.endsWith("_count"))?.value).toBe(2);
});

test("two processes' metrics have nothing in common", async () => {
  const [one, other] = [metricsOf(), metricsOf()];
  one.process.leasesLost.inc({ service: "submitter" });
  expect((await one.scrape()).text).toContain('granary_lease_lost_total{service="submitter"} 1');
  expect((await other.scrape()).text).toContain('granary_lease_lost_total{service="submitter"} 0');
});

test("the runtime's own metrics come along, in the same format", async () => {
  const { text, contentType } = await metricsOf(true).scrape();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  const names = parseScrape(text).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(["nodejs_eventloop_lag_seconds", "process_cpu_seconds_total"]),
  );
});

const PROMTOOL = spawnSync("promtool", ["--version"]).status === 0;

describe.skipIf(!PROMTOOL)("promtool (skipped where it is not on PATH)", () => {
  test("finds nothing to say about a scrape", async () => {
    const metrics = await watched();
    const { text } = await metrics.scrape();
    const said = execFileSync("promtool", ["check", "metrics"], {
      input: text,
      encoding: "utf8",
      stdio: "pipe",
    });
    expect(said).toBe("");
  });
});

test("a scrape leaves nothing waiting", async () => {
  const { store, clock } = await openRig();
  const metrics = metricsOf();
  metrics.watchStore(store, clock);
  await metrics.scrape();
  expect(clock.sleepers()).toBe(0);
});
