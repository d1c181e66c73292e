import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../src/e2e/rig.ts";
import { drawDashboard } from "../src/monitoring/drawDashboard.ts";
import { exportedMetrics } from "../src/monitoring/exportedMetrics.ts";
import {
  alertTests,
  bothRuleFiles,
  dashboards,
  panelQueries,
  rules,
} from "../src/monitoring/monitoringFiles.ts";
import { promqlFaults } from "../src/monitoring/promqlFaults.ts";
import { readPromql } from "../src/monitoring/readPromql.ts";
import { commandFault, readRunbook } from "../src/monitoring/runbook.ts";

const execute = promisify(execFile);

const { metrics } = await exportedMetrics();
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
