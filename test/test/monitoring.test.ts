import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { toolDemanded } from "../src/deployment/findKustomize.ts";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { withoutNats } from "../src/distributed/eachStore.ts";
import { tasksIn } from "../src/distributed/looks.ts";
import { siteOfTests } from "../src/distributed/siteOfTests.ts";
import { submitMixed } from "../src/distributed/submitMixed.ts";
import { BAD_DAY, itemsOf } from "../src/e2e/mixedRequests.ts";
import { ROOT } from "../src/e2e/rig.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";
import { drawDashboard } from "../src/monitoring/drawDashboard.ts";
import { exportedMetrics } from "../src/monitoring/exportedMetrics.ts";
import { findPrometheus } from "../src/monitoring/findPrometheus.ts";
import {
  alertTests,
  bothRuleFiles,
  dashboards,
  filledIn,
  panelQueries,
  PROMETHEUS,
  rules,
} from "../src/monitoring/monitoringFiles.ts";
import { promqlFaults } from "../src/monitoring/promqlFaults.ts";
import { readPromql } from "../src/monitoring/readPromql.ts";
import { commandFault, readRunbook } from "../src/monitoring/runbook.ts";
import { startPrometheus } from "../src/monitoring/startPrometheus.ts";
import type { Series } from "../src/monitoring/startPrometheus.ts";

const execute = promisify(execFile);
const SUBMIT = "granary.v1.command.submit";
const DEADLINE_MS = 60_000;

const found = await findPrometheus();
const none = "tried" in found ? `no prometheus: ${found.tried.join("; ")}` : "";
if (none !== "") console.warn(`SKIPPED, rules and queries in a real Prometheus: ${none}`);
else if (!("tried" in found)) console.log(found.title);

const { metrics, text } = await exportedMetrics();
const alerts = rules().filter(({ alert }) => alert !== undefined);
const recorded = new Set(rules().flatMap(({ record }) => record ?? []));
const runbook = readRunbook();

function faults(expr: string): readonly string[] {
  return promqlFaults(expr, { metrics, recorded });
}

describe("PromQL is read", () => {
  test("to its selectors and the labels it groups by", () => {
    expect(
      readPromql(
        'sum by (a, b) (rate(m_total{x="1", y=~"p|q"}[5m])) / on (c) group_left () n offset 1h > 2e3 and {__name__="k"}',
      ),
    ).toEqual({
      selectors: [
        {
          name: "m_total",
          matchers: [
            { label: "x", op: "=", value: "1" },
            { label: "y", op: "=~", value: "p|q" },
          ],
        },
        { name: "n", matchers: [] },
        { name: null, matchers: [{ label: "__name__", op: "=", value: "k" }] },
      ],
      labels: ["a", "b", "c"],
    });
  });

  test("and what names a metric, a label or a value that nobody exports is found", () => {
    expect(faults('sum by (provider) (rate(granary_polls_total{outcome="ok"}[5m]))')).toEqual([]);
    expect(faults("granary_pols_total")).toEqual(["nobody exports granary_pols_total"]);
    expect(faults('granary_polls_total{outcom="ok"}')).toEqual(["granary_polls_total has no label outcom"]);
    expect(faults('granary_polls_total{outcome=~"ok|okay"}')).toEqual([
      "outcome of granary_polls_total is never okay",
    ]);
    expect(faults("sum by (modle) (granary_running_jobs)")).toEqual(["nothing here has a label modle"]);
    expect(faults("granary_end_to_end_seconds")).toEqual([
      "granary_end_to_end_seconds is a histogram: name its _bucket, _sum or _count",
    ]);
    expect(faults("rate(granary_tasks[5m])")).toEqual(["granary_tasks is a gauge: it has no rate"]);
  });
});

describe("the rules", () => {
  test("name only metrics, labels and values that services export", () => {
    const wrong = rules().flatMap(({ alert, record, expr }) =>
      faults(expr).map((fault) => `${alert ?? record}: ${fault}`),
    );
    expect(wrong).toEqual([]);
  });

  test("alert with a severity, a summary, a description, a dashboard and an entry of the runbook", () => {
    const uids = dashboards().map(({ uid }) => uid);
    for (const { alert, labels, annotations } of alerts) {
      expect(alert).toMatch(/^Granary[A-Z][A-Za-z]+$/);
      expect([alert, labels["severity"]]).toEqual([alert, expect.stringMatching(/^(?:critical|warning)$/)]);
      const { summary, description, runbook_url: url = "", dashboard_url: board = "" } = annotations;
      expect([alert, (summary ?? "").length > 10, (description ?? "").length > 40]).toEqual([
        alert,
        true,
        true,
      ]);
      const [, anchor = ""] = /^docs\/runbook\.md#([a-z-]+)$/.exec(url) ?? [];
      expect([alert, runbook.entries.get(anchor) ?? `no entry ${url}`]).toEqual([
        alert,
        expect.stringContaining(`**${alert}**`),
      ]);
      expect([alert, uids.includes(board.replace("/d/", ""))]).toEqual([alert, true]);
    }
    expect(alerts.length).toBeGreaterThan(20);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  test("have unit tests of each alert: one where it fires, and one where it does not", () => {
    const tests = alertTests();
    const without = alerts.flatMap(({ alert }) =>
      [true, false]
        .filter((fires) => !tests.some((one) => one.alert === alert && one.fires === fires))
        .map((fires) => `${alert} ${fires ? "firing" : "not firing"}`),
    );
    expect(without).toEqual([]);
    const known = new Set(alerts.map(({ alert }) => alert));
    expect(tests.filter(({ alert }) => !known.has(alert))).toEqual([]);
  });

  test("are the same in the object for Kubernetes", () => {
    const { object, file } = bothRuleFiles();
    expect(object).toEqual(file);
  });
});

describe("the dashboards", () => {
  test("are what their description says", async () => {
    const { stdout } = await execute(process.execPath, ["tools/generate-dashboards.ts", "--check"], {
      cwd: ROOT,
    });
    expect(stdout).toContain(" 0 out of date, 0 of nothing");
  });

  test("are there for the fleet, the providers, the money and each service, under fixed names", () => {
    expect(dashboards().map(({ uid, file }) => [uid, file])).toEqual(
      ["fleet", "harvester", "money", "monitor", "providers", "submitter"].map((name) => [
        `granary-${name}`,
        `granary-${name}.json`,
      ]),
    );
  });

  test("take their source from a variable, explain each panel, and lay none upon another", () => {
    for (const { uid, templating, panels, tags } of dashboards()) {
      expect(templating.list[0]).toMatchObject({ name: "datasource", type: "datasource" });
      expect(tags).toContain("granary");
      const taken = new Set<string>();
      for (const { type, title, description, gridPos, datasource, targets } of panels) {
        const { x, y, w, h } = gridPos;
        expect([uid, title, x + w <= 24]).toEqual([uid, title, true]);
        for (let column = x; column < x + w; column += 1)
          for (let line = y; line < y + h; line += 1) {
            expect([uid, title, taken.has(`${column} ${line}`)]).toEqual([uid, title, false]);
            taken.add(`${column} ${line}`);
          }
        if (type === "row") continue;
        expect([uid, title, description.length > 15, datasource !== undefined, targets.length > 0]).toEqual([
          uid,
          title,
          true,
          true,
          true,
        ]);
      }
    }
  });

  test("ask only for metrics, labels and values that services export", () => {
    const wrong = panelQueries().flatMap(({ name, expr }) =>
      faults(expr).map((fault) => `${name}: ${fault}`),
    );
    expect(wrong).toEqual([]);
    expect(panelQueries().length).toBeGreaterThan(70);
  });

  test("become ConfigMaps that Grafana's sidecar finds, all of them", () => {
    const component = parse(readFileSync(join(ROOT, "deploy/grafana/kustomization.yaml"), "utf8")) as {
      readonly configMapGenerator: readonly { readonly files: readonly string[]; readonly options: object }[];
    };
    const files = component.configMapGenerator.flatMap((map) => map.files.map((file) => basename(file)));
    expect(files.toSorted()).toEqual(dashboards().map(({ file }) => file));
    for (const { options } of component.configMapGenerator)
      expect(options).toMatchObject({
        labels: { grafana_dashboard: "1" },
        annotations: { grafana_folder: "Granary" },
      });
  });
});

test("a picture of a dashboard has a line for each series, from its lowest to its highest value", () => {
  const [dashboard] = dashboards().filter(({ uid }) => uid === "granary-monitor");
  const [panel] = dashboard!.panels.filter(({ type }) => type === "timeseries");
  const picture = drawDashboard({ ...dashboard!, panels: [panel!] }, () => [
    {
      metric: { mode: "get", outcome: "<ok>" },
      values: [
        [10, "0"],
        [11, "5"],
        [12, "10"],
      ],
    },
    {
      metric: { mode: "list", outcome: "ok" },
      values: [
        [10, "NaN"],
        [12, "2"],
      ],
    },
  ]);
  const paths = [...picture.matchAll(/<path d="(M[^"]*)" fill="none"/g)].map(([, path]) => path!);
  expect(paths.map((path) => path.match(/[ML]/g)?.join(""))).toEqual(["MLL", "M"]);
  const heights = [...paths[0]!.matchAll(/ (\d+)/g)].map(([, y]) => Number(y));
  expect(heights[0]! - heights[1]!).toBe(heights[1]! - heights[2]!);
  expect(picture).toContain(">10/s<");
  expect(picture).toContain("get &lt;ok&gt;");
});

describe("the runbook", () => {
  test("has only commands that granary knows, with their options", () => {
    expect(runbook.commands.flatMap((line) => commandFault(line) ?? [])).toEqual([]);
    expect(runbook.commands.length).toBeGreaterThan(60);
    expect(commandFault("granary unknown atach TASK JOB")).not.toBeNull();
    expect(commandFault("granary retry REQUEST --only lost")).not.toBeNull();
    expect(commandFault("granary jobs --alien")).not.toBeNull();
    expect(commandFault("granary repair")).not.toBeNull();
  });

  test("asks Prometheus only for what services export", () => {
    expect(runbook.queries.flatMap((expr) => promqlFaults(expr, { metrics, recorded }))).toEqual([]);
    expect(runbook.queries.length).toBeGreaterThan(5);
  });

  test("says in each entry what to look at, what to do, and how to know that it is over", () => {
    for (const [anchor, entry] of runbook.entries) {
      expect(anchor).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      if (!entry.trimStart().startsWith("**Granary")) continue;
      const parts = ["Look at", "Do", "Over when"].filter(
        (part) => !new RegExp(`^${part}\\b`, "m").test(entry),
      );
      expect([anchor, parts]).toEqual([anchor, []]);
    }
    for (const procedure of ["retry", "cancel", "restore"])
      expect([...runbook.entries.keys()]).toContain(procedure);
  });

  test("refers to entries and documents that are there", () => {
    const broken = runbook.links.filter((link) => {
      const [file, anchor] = link.split("#");
      if (file === "") return !runbook.entries.has(anchor ?? "");
      const [path] = globSync(join(ROOT, "docs", file ?? ""));
      if (path === undefined) return true;
      const heads = readFileSync(path, "utf8").match(/^#+ .*$/gm) ?? [];
      return anchor !== undefined && !heads.some((head) => head.replace(/^#+ /, "").toLowerCase() === anchor);
    });
    expect(broken).toEqual([]);
  });
});

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
