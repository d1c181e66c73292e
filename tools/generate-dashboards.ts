/**
 * Writes Grafana's dashboards to deploy/grafana/dashboards, from tools/dashboards, and the PrometheusRule of the
 * Kubernetes component from deploy/prometheus/rules.yaml. With `--check` it writes nothing, and fails where a file is
 * missing, out of date or not ours. What a file says counts, not how it is laid out: that is the formatter's.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { FLEET } from "./dashboards/fleet.ts";
import { grafanaJson } from "./dashboards/grafanaJson.ts";
import { MONEY } from "./dashboards/money.ts";
import { prometheusRule } from "./dashboards/prometheusRule.ts";
import { PROVIDERS } from "./dashboards/providers.ts";
import { HARVESTER, MONITOR, SUBMITTER } from "./dashboards/service.ts";

const DEPLOY = join(import.meta.dirname, "../deploy");
const DASHBOARDS = join(DEPLOY, "grafana/dashboards");
const RULE = join(DEPLOY, "kubernetes/components/prometheusrule/rule.yaml");

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });

const wanted = new Map(
  [FLEET, PROVIDERS, MONEY, SUBMITTER, MONITOR, HARVESTER].map((dashboard) => [
    join(DASHBOARDS, `${dashboard.uid}.json`),
    `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`,
  ]),
);
wanted.set(RULE, prometheusRule(readFileSync(join(DEPLOY, "prometheus/rules.yaml"), "utf8")));

const stale = [...wanted].filter(
  ([path, text]) => !existsSync(path) || said(readFileSync(path, "utf8")) !== said(text),
);
const present = existsSync(DASHBOARDS) ? readdirSync(DASHBOARDS).map((name) => join(DASHBOARDS, name)) : [];
const foreign = present.filter((path) => !wanted.has(path));

if (values.check) {
  for (const [path] of stale) console.error(`${path} is not what its source says`);
  for (const path of foreign) console.error(`${path} is of no dashboard`);
  if (stale.length + foreign.length > 0) {
    console.error("run: npx node tools/generate-dashboards.ts && npm run format");
    process.exitCode = 1;
  }
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  for (const path of foreign) rmSync(path);
}
console.log(`${wanted.size} files, ${stale.length} out of date, ${foreign.length} of nothing`);

/** A file's text without what a formatter may change: blanks, quotes, and commas at an end. */
function said(text: string): string {
  return text.startsWith("{")
    ? JSON.stringify(JSON.parse(text))
    : text.replaceAll(/\s+/g, " ").replaceAll('"', "'");
}
