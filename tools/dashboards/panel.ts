/** A compact description of dashboards, from which Grafana's JSON is made, so that all panels look alike. */

/** Units by Grafana's own names. */
export type Unit = "short" | "s" | "ops" | "percentunit" | "bytes" | "Bps" | "currencyUSD" | "bool_on_off";

/** One line of a panel: a PromQL query, and how its series are called. */
export interface Query {
  readonly expr: string;
  /** A legend, with labels as `{{name}}`. */
  readonly legend: string;
}

/** From which value on a panel turns orange, and red. */
export interface Thresholds {
  readonly orange?: number;
  readonly red?: number;
}

/** What a dashboard shows in one place. */
export interface Panel {
  readonly kind: "timeseries" | "stat";
  readonly title: string;
  /** What is shown, and what a reader makes of it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly thresholds?: Thresholds;
  /** Columns of the 24 that Grafana has; 8 for a graph and 4 for a number where it is left out. */
  readonly width?: number;
  /** Lie upon each other, where they are parts of a whole. */
  readonly stacked?: boolean;
}

/** Panels under a heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A dashboard. */
export interface Dashboard {
  /** Also its file's name; links point to it, so it never changes. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Whether one can choose providers: `$provider` stands for those chosen. */
  readonly byProvider?: boolean;
  readonly rows: readonly Row[];
}

/** A graph over time. */
export function graph(panel: Omit<Panel, "kind">): Panel {
  return { kind: "timeseries", ...panel };
}

/** A number: the last one. */
export function number(panel: Omit<Panel, "kind">): Panel {
  return { kind: "stat", ...panel };
}

/** Quantiles of a histogram by some labels, as queries. */
export function quantiles(
  histogram: string,
  { by, matchers = "", window = "$__rate_interval" }: { by: string; matchers?: string; window?: string },
): readonly Query[] {
  return [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (${by}, le) (rate(${histogram}_bucket${matchers}[${window}])))`,
    legend: `p${quantile * 100} ${by
      .split(", ")
      .map((label) => `{{${label}}}`)
      .join(" ")}`,
  }));
}
