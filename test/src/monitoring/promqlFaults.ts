import type { ExportedMetric } from "./exportedMetrics.ts";
import type { Selector } from "./readPromql.ts";
import { readPromql } from "./readPromql.ts";

/** Metrics that others export, with their labels and whose they are. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  // Prometheus itself, of the alerts it looks at.
  ALERTS: ["alertname", "alertstate", "severity"],
  // NATS's exporter, under either prefix.
  jetstream_consumer_num_pending: ["stream_name", "consumer_name"],
  nats_consumer_num_pending: ["stream_name", "consumer_name"],
  // kube-state-metrics.
  kube_job_status_failed: ["namespace", "job_name"],
};
/** Labels that Prometheus gives to what it scrapes. */
const OF_TARGETS = ["instance", "job"];
/** Labels whose values are not known beforehand. */
const OPEN = new Set(["provider", "account", "model", "source", "field", "version", "commit", "le"]);

interface Known {
  readonly metrics: ReadonlyMap<string, ExportedMetric>;
  /** Names that rules record. */
  readonly recorded: ReadonlySet<string>;
}

/** What an expression asks for that nobody exports: metrics, labels, and values of labels that are closed lists. */
export function promqlFaults(expr: string, known: Known): readonly string[] {
  const { selectors, labels } = readPromql(expr);
  const faults = selectors.flatMap((selector) => selectorFaults(selector, known));
  const there = new Set([...OF_TARGETS, "slo", ...selectors.flatMap((one) => [...labelsOf(one, known)])]);
  const unknown =
    selectors.length > 0 && faults.length === 0 ? labels.filter((label) => !there.has(label)) : [];
  const rated = [...expr.matchAll(/\b(?:rate|increase)\(\s*([a-z_]+)/g)].map(([, name]) => name!);
  const gauges = rated.filter((name) => known.metrics.get(name)?.type === "gauge");
  return [
    ...faults,
    ...[...new Set(unknown)].map((label) => `nothing here has a label ${label}`),
    ...gauges.map((name) => `${name} is a gauge: it has no rate`),
  ];
}

/** The names a selector can mean. */
function namesOf({ name, matchers }: Selector): readonly string[] {
  if (name !== null) return [name];
  const said = matchers.find(({ label }) => label === "__name__")?.value ?? "";
  return FOREIGN[said] ? [said] : Object.keys(FOREIGN).filter((one) => new RegExp(`^(?:${said})$`).test(one));
}

function metricOf(name: string, { metrics }: Known): ExportedMetric | undefined {
  const whole = metrics.get(name);
  if (whole) return whole;
  const histogram = metrics.get(name.replace(/_(?:bucket|sum|count)$/, ""));
  return histogram?.type === "histogram" ? histogram : undefined;
}

function labelsOf(selector: Selector, known: Known): ReadonlySet<string> {
  return new Set(
    namesOf(selector).flatMap((name) => {
      if (known.recorded.has(name)) return ["slo", "provider", "model"];
      return FOREIGN[name] ?? [...(metricOf(name, known)?.labels.keys() ?? [])];
    }),
  );
}

function selectorFaults(selector: Selector, known: Known): readonly string[] {
  const names = namesOf(selector);
  if (names.length === 0) return [`nobody exports ${JSON.stringify(selector)}`];
  return names.flatMap((name) => {
    const metric = metricOf(name, known);
    if (!metric) return known.recorded.has(name) || FOREIGN[name] ? [] : [`nobody exports ${name}`];
    if (metric.type === "histogram" && known.metrics.has(name))
      return [`${name} is a histogram: name its _bucket, _sum or _count`];
    return selector.matchers.flatMap(({ label, op, value }) => {
      const values = metric.labels.get(label);
      if (!values) return OF_TARGETS.includes(label) ? [] : [`${name} has no label ${label}`];
      if (OPEN.has(label)) return [];
      const wanted = op.includes("~") ? value.split("|") : [value];
      return wanted.filter((one) => !values.has(one)).map((one) => `${label} of ${name} is never ${one}`);
    });
  });
}
