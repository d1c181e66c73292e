import type { Dashboard, Panel, Thresholds } from "./panel.ts";

const COLUMNS = 24;
const SIZES = { timeseries: { w: 8, h: 8 }, stat: { w: 4, h: 4 } } as const;
const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;
/** What Grafana 10 writes; later ones read it and bring it up to date. */
const SCHEMA_VERSION = 39;

/** A dashboard as Grafana reads it. The same description always gives the same JSON. */
export function grafanaJson(dashboard: Dashboard): object {
  const { uid, title, description, byProvider = false } = dashboard;
  return {
    uid,
    title,
    description,
    tags: ["granary"],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: false,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "utc",
    links: [
      {
        type: "dashboards",
        title: "Granary",
        tags: ["granary"],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    templating: { list: [datasourceVariable(), ...(byProvider ? [providerVariable()] : [])] },
    annotations: { list: [firingAlerts()] },
    panels: laidOut(dashboard),
  };
}

function datasourceVariable(): object {
  return { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", refresh: 1 };
}

function providerVariable(): object {
  const query = "label_values(granary_account_info, provider)";
  return {
    name: "provider",
    label: "Provider",
    type: "query",
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: "provider" },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".+",
    current: { text: "All", value: "$__all" },
  };
}

function firingAlerts(): object {
  return {
    name: "Alerts",
    datasource: DATASOURCE,
    enable: true,
    iconColor: "red",
    expr: 'ALERTS{alertname=~"Granary.+",alertstate="firing"}',
    titleFormat: "{{alertname}}",
    step: "30s",
  };
}

/** Panels from left to right, a new line where one does not fit, each row under its heading. */
function laidOut({ rows }: Dashboard): readonly object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push({
      id: placed.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of panels) {
      const { h, w: usual } = SIZES[panel.kind];
      const w = panel.width ?? usual;
      if (x + w > COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      placed.push(panelJson(panel, placed.length + 1, { x, y, w, h }));
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return placed;
}

function panelJson(panel: Panel, id: number, gridPos: object): object {
  const { kind, title, description, unit, queries, thresholds = {}, stacked = false } = panel;
  return {
    id,
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint("A".codePointAt(0)! + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      range: true,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        color: { mode: kind === "stat" ? "thresholds" : "palette-classic" },
        thresholds: { mode: "absolute", steps: stepsOf(thresholds) },
        ...(kind === "stat" ? {} : { custom: drawing(thresholds, stacked) }),
      },
      overrides: [],
    },
    options:
      kind === "stat"
        ? {
            reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
            colorMode: "value",
            graphMode: "area",
          }
        : {
            legend: { displayMode: "list", placement: "bottom", showLegend: true },
            tooltip: { mode: "multi", sort: "desc" },
          },
  };
}

function stepsOf({ orange, red }: Thresholds): readonly object[] {
  return [
    { color: "green", value: null },
    ...(orange === undefined ? [] : [{ color: "orange", value: orange }]),
    ...(red === undefined ? [] : [{ color: "red", value: red }]),
  ];
}

function drawing({ orange, red }: Thresholds, stacked: boolean): object {
  const marked = orange !== undefined || red !== undefined;
  return {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 10,
    showPoints: "never",
    stacking: { mode: stacked ? "normal" : "none", group: "A" },
    thresholdsStyle: { mode: marked ? "line" : "off" },
  };
}
