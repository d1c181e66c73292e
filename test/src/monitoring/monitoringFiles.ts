import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "../e2e/rig.ts";

/** Where the rules lie. */
export const PROMETHEUS = join(ROOT, "deploy/prometheus");

const rule = z.strictObject({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
const groups = z.array(z.strictObject({ name: z.string(), rules: z.array(rule) }));
const ruleFile = z.strictObject({ groups });
const ruleObject = z.strictObject({
  apiVersion: z.literal("monitoring.coreos.com/v1"),
  kind: z.literal("PrometheusRule"),
  metadata: z.looseObject({ name: z.string() }),
  spec: ruleFile,
});

/** One rule of the rule file: it records, or it alerts. */
export type Rule = z.output<typeof rule>;

/** All rules, in their order. */
export function rules(): readonly Rule[] {
  const text = readFileSync(join(PROMETHEUS, "rules.yaml"), "utf8");
  return ruleFile.parse(parse(text)).groups.flatMap((group) => group.rules);
}

/** The groups of the Kubernetes object, and those of the rule file. */
export function bothRuleFiles(): { readonly object: unknown; readonly file: unknown } {
  const path = join(ROOT, "deploy/kubernetes/components/prometheusrule/rule.yaml");
  const object = ruleObject.parse(parse(readFileSync(path, "utf8")));
  const file = ruleFile.parse(parse(readFileSync(join(PROMETHEUS, "rules.yaml"), "utf8")));
  return { object: object.spec, file };
}

/** What the unit tests of the rules look at, in all test files. */
export function alertTests(): readonly { readonly alert: string; readonly fires: boolean }[] {
  const file = z.looseObject({
    tests: z.array(
      z.looseObject({
        promql_expr_test: z
          .array(z.looseObject({ expr: z.string(), exp_samples: z.array(z.unknown()) }))
          .default([]),
      }),
    ),
  });
  return globSync(join(PROMETHEUS, "*.test.yaml")).flatMap((path) =>
    file.parse(parse(readFileSync(path, "utf8"))).tests.flatMap((test) =>
      test.promql_expr_test.map(({ expr, exp_samples: samples }) => ({
        alert: /alertname="(\w+)"/.exec(expr)?.[1] ?? "",
        fires: samples.length > 0,
      })),
    ),
  );
}

const panel = z.looseObject({
  type: z.enum(["row", "stat", "timeseries"]),
  title: z.string().min(1),
  description: z.string().default(""),
  gridPos: z.strictObject({ x: z.int(), y: z.int(), w: z.int().positive(), h: z.int().positive() }),
  datasource: z.strictObject({ type: z.literal("prometheus"), uid: z.literal("$datasource") }).optional(),
  targets: z.array(z.looseObject({ expr: z.string().min(1), legendFormat: z.string().min(1) })).default([]),
});
const dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  templating: z.looseObject({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
  panels: z.array(panel),
});

/** A dashboard as it is given to Grafana. */
export type DashboardFile = z.output<typeof dashboard> & { readonly file: string };

/** All dashboards. */
export function dashboards(): readonly DashboardFile[] {
  return globSync(join(ROOT, "deploy/grafana/dashboards/*.json"))
    .toSorted()
    .map((path) => ({
      file: path.slice(path.lastIndexOf("/") + 1),
      ...dashboard.parse(JSON.parse(readFileSync(path, "utf8"))),
    }));
}

/** A query of a panel, as Grafana would send it: with the variables filled in. */
export interface PanelQuery {
  /** `<dashboard> / <panel> / <legend>` */
  readonly name: string;
  readonly expr: string;
}

/** The queries of all panels, for all providers and with this window for rates. */
export function panelQueries(rateWindow = "1m"): readonly PanelQuery[] {
  return dashboards().flatMap(({ uid, panels }) =>
    panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, legendFormat }) => ({
        name: `${uid} / ${title} / ${legendFormat}`,
        expr: filledIn(expr, rateWindow),
      })),
    ),
  );
}

/** A query with Grafana's variables filled in: all providers, and this window for rates. */
export function filledIn(expr: string, rateWindow: string): string {
  return expr.replaceAll("$__rate_interval", rateWindow).replaceAll("$provider", ".+");
}
