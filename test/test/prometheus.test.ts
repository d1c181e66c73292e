import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { toolDemanded } from "../src/deployment/findKustomize.ts";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { withoutNats } from "../src/distributed/eachStore.ts";
import { tasksIn } from "../src/distributed/looks.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { submitMixed } from "../src/distributed/submitMixed.ts";
import { BAD_DAY, itemsOf } from "../src/e2e/mixedRequests.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";
import { drawDashboard } from "../src/monitoring/drawDashboard.ts";
import { exportedMetrics } from "../src/monitoring/exportedMetrics.ts";
import { findPrometheus } from "../src/monitoring/findPrometheus.ts";
import { dashboards, filledIn, panelQueries, PROMETHEUS, rules } from "../src/monitoring/monitoringFiles.ts";
import { startPrometheus } from "../src/monitoring/startPrometheus.ts";
import type { Series } from "../src/monitoring/startPrometheus.ts";

const execute = promisify(execFile);
const SUBMIT = "granary.v1.command.submit";
const DEADLINE_MS = 60_000;

const found = await findPrometheus();
const none = "tried" in found ? `no prometheus: ${found.tried.join("; ")}` : "";
if (none !== "") console.warn(`SKIPPED, rules and queries in a real Prometheus: ${none}`);
else if (!("tried" in found)) console.log(found.title);

const { text } = await exportedMetrics();
const alerts = rules().filter(({ alert }) => alert !== undefined);

test.skipIf(none !== "" && !toolDemanded("prometheus") && !toolDemanded("promtool"))(
  "Prometheus and promtool are to be had",
  () => {
    expect(none).toBe("");
  },
);

describe.skipIf(none !== "")("promtool", () => {
  const { promtool } = "tried" in found ? { promtool: "" } : found;

  test("takes the rules and the configuration", async () => {
    const { stdout } = await execute(promtool, ["check", "rules", join(PROMETHEUS, "rules.yaml")]);
    expect(stdout).toContain(`SUCCESS: ${rules().length} rules found`);
    await execute(promtool, ["check", "config", join(PROMETHEUS, "prometheus.yaml")]);
  });

  test.each(globSync(join(PROMETHEUS, "*.test.yaml")).map((path) => basename(path)))(
    "sees every alert of %s fire and not fire as it should",
    async (name) => {
      const said = await execute(promtool, ["test", "rules", join(PROMETHEUS, name)], {
        cwd: PROMETHEUS,
      }).catch((error: Error & { readonly stdout: string; readonly stderr: string }) => error);
      expect(`${said.stdout}${said.stderr}`).not.toContain("FAILED");
      expect(said).not.toBeInstanceOf(Error);
    },
    240_000,
  );

  test("has nothing to say about what a service answers a scrape", async () => {
    const checking = execute(promtool, ["check", "metrics"]);
    checking.child.stdin?.end(text);
    expect(await checking).toMatchObject({ stdout: "", stderr: "" });
  });
});

/** Panels that have nothing to show in this run, and why. */
const EMPTY: Readonly<Record<string, string>> = {};
const RATE_WINDOW = "10s";
/** Where pictures of the dashboards are to be written, from this run's data; nowhere where it is left out. */
const PICTURES = process.env["GRANARY_PICTURES"];
const OTHERS = [
  ["gemini", "gemini-2.5-flash-lite"],
  ["anthropic", "claude-haiku-4-5"],
] as const;
/** Faults that strike in every run, whatever the rates strike. */
const CERTAIN = [
  { on: "create", what: "response_lost", model: "gpt-4o-mini", nth: 1 },
  { on: "create", what: "server_error", model: "gpt-4.1-mini", nth: 1 },
  { on: "download", what: "truncated", nth: 3 },
] as const;
/** Alerts that the run's faults themselves set off. */
const RUN_FIRES = new Set(["GranaryDeadLetters", "GranaryItemsFail", "GranaryErrorBudgetBurnsFast"]);

describe.skipIf(none !== "" || withoutNats)("a real Prometheus that scrapes real services", () => {
  const { prometheus } = "tried" in found ? { prometheus: "" } : found;
  const site = siteOfTests(async ({ folder }) => {
    const config = join(folder, "granary.yaml");
    const account =
      "{ provider: openai, name: simulated, mode: simulated, limits: { jobs: 40, dailyUsd: 50 } }";
    await writeFile(config, `accounts:\n  - ${account}\nsources:\n  cli: { dailyUsd: 20 }\n`);
    const scenario = { ...BAD_DAY, faults: [...CERTAIN, ...BAD_DAY.faults] };
    // The file says what its account is; the environment must not say it as well.
    const env = { GRANARY_CONFIG: config, GRANARY_OPENAI_MODE: "", GRANARY_OPENAI_MAX_LINES: "60" };
    return { store: "sqlite", scenario, env };
  });

  test("has data for every panel after a run with faults, takes every rule, and fires where it should", async () => {
    const { stack, caller, rig, settles, prove } = site();
    await using server = await startPrometheus({
      program: prometheus,
      folder: join(rig.folder, "prometheus"),
      targets: stack.services.map(({ url }) => new URL(url).host),
    });
    const value = async (expr: string): Promise<number> =>
      Number((await server.query(expr))[0]?.values[0]?.[1] ?? Number.NaN);
    const becomes = async (expr: string, is: (value: number) => boolean): Promise<number> =>
      waitUntil(
        expr,
        async () => {
          const now = await value(expr);
          return is(now) && { now };
        },
        { deadlineMs: DEADLINE_MS, lookMs: 250 },
      ).then(({ now }) => now);
    const startedAt = Date.now() / 1000;
    await becomes("count(granary_store_up == 1)", (up) => up === stack.services.length);

    await submitMixed(site(), "first");
    await caller.submit({ requestId: "budgeted", source: "cli", items: itemsOf(5) });
    for (const [provider, model] of OTHERS)
      await caller.submit({ requestId: `of-${provider}`, provider, model, items: itemsOf(10) });
    expect(await caller.publish(SUBMIT, "{ no JSON", 30_000)).toMatchObject({ status: "rejected" });
    await settles();
    // Work comes again, so that rates and durations have two points in time.
    await submitMixed(site(), "second");
    await settles();
    const requests = (await site().store.gauges()).requests.reduce((sum, { count }) => sum + count, 0);
    await becomes('min(granary_requests{state="ended"})', (ended) => ended === requests);
    // A recording takes up what was scraped a moment before.
    await becomes("max(granary:jobs_ended:increase1h)", (ended) => ended > 0);

    const empty: string[] = [];
    const data = new Map<string, readonly Series[]>();
    for (const { name, expr } of panelQueries(RATE_WINDOW)) {
      const series = await server.range(expr, startedAt);
      data.set(expr, series);
      if (!series.some(({ values }) => values.some(([, one]) => Number.isFinite(Number(one)))))
        empty.push(name);
    }
    if (PICTURES !== undefined) await mkdir(PICTURES, { recursive: true });
    for (const dashboard of dashboards()) {
      const picture = drawDashboard(dashboard, (expr) => data.get(filledIn(expr, RATE_WINDOW)) ?? []);
      // As many frames as there are panels, and lines in them.
      const frames = dashboard.panels.filter(({ type }) => type !== "row").length;
      expect(picture.match(/<g>/g)).toHaveLength(frames);
      expect(picture).not.toMatch(/NaN|Infinity|undefined/);
      if (PICTURES !== undefined) await writeFile(join(PICTURES, `${dashboard.uid}.svg`), picture);
    }
    expect(empty).toEqual(Object.keys(EMPTY));
    for (const { alert, expr } of alerts)
      expect([alert, await server.query(expr)]).toEqual([alert, expect.any(Array)]);
    expect(await server.ruleFaults()).toEqual([]);

    // What the run did is what Prometheus tells of it.
    const tasks = await tasksIn(site().store, "ended");
    expect(await value('sum(max by (provider) (granary_tasks{state="ended"}))')).toBe(tasks);
    for (const [expr, least] of [
      ['sum(granary_lines_total{outcome="succeeded"})', 500],
      ['sum(granary_events_consumed_total{outcome="accepted"})', 40],
      ["sum(granary_cost_dollars_total)", 0.000001],
      ['sum(granary_provider_requests_total{outcome="server_error"})', 1],
      ['sum(granary_downloads_total{outcome="truncated"})', 1],
      ['sum(granary_submissions_total{outcome="unknown"})', 1],
      ["sum(granary_facts_relayed_total)", requests],
      ["max(granary_source_spent_today_dollars)", 0.0000001],
      ['max(granary_daily_budget_dollars{account="openai:simulated"})', 50],
    ] as const)
      expect([expr, await value(expr)]).toEqual([expr, expect.toSatisfy((one: number) => one >= least)]);

    await becomes(
      'count(ALERTS{alertname="GranaryDeadLetters",alertstate="firing"})',
      (count) => count === 1,
    );
    const firing = (await server.query('ALERTS{alertstate="firing"}')).map(
      ({ metric }) => metric["alertname"]!,
    );
    expect(firing.filter((name) => !RUN_FIRES.has(name))).toEqual([]);
    // Then a service goes, and is missed: what it exported last goes with it.
    for (const service of stack.services) if (service.service === "monitor") service.signal("SIGKILL");
    await becomes(
      'count(ALERTS{alertname="GranaryServiceAbsent",service="monitor"})',
      (count) => count === 1,
    );
    await stack.startServices(DEADLINE_MS);
    await settles();
    expect(await prove()).toEqual(CLEAN);
  }, 240_000);
});
