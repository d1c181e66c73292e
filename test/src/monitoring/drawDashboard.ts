import type { DashboardFile } from "./monitoringFiles.ts";
import type { Series } from "./startPrometheus.ts";

const COLUMN = 60;
const LINE = 32;
const GAP = 8;
const HEAD = 44;
const LEGEND_SHOWN = 6;
const COLOURS = ["#3274d9", "#56a64b", "#e0b400", "#ff780a", "#e02f44", "#8f3bb8", "#37872d", "#1f60c4"];
const FONT = 'font-family="Helvetica, Arial, sans-serif" fill="#333"';

/** What a panel's queries gave, each with how its series are called. */
export type PanelData = (expr: string) => readonly Series[];

type Panel = DashboardFile["panels"][number];
interface Line {
  readonly name: string;
  readonly points: readonly (readonly [at: number, value: number])[];
}

/**
 * A dashboard as an SVG picture, from what its queries gave: graphs as lines, numbers as their last values. It shows
 * what there is to see, not how Grafana draws it.
 */
export function drawDashboard({ title, panels }: DashboardFile, data: PanelData): string {
  const width = 24 * COLUMN;
  const height = HEAD + Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * LINE + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT}>`,
    `<rect width="${width}" height="${height}" fill="#f4f5f5"/>`,
    label({ x: 12, y: 29, size: 20, text: title, bold: true }),
    ...panels.map((panel) => drawPanel(panel, data)),
    "</svg>\n",
  ].join("\n");
}

function drawPanel(panel: Panel, data: PanelData): string {
  const { gridPos, type, title } = panel;
  const x = gridPos.x * COLUMN + GAP;
  const y = HEAD + gridPos.y * LINE;
  if (type === "row") return label({ x, y: y + 22, size: 15, text: title, bold: true });
  const width = gridPos.w * COLUMN - 2 * GAP;
  const height = gridPos.h * LINE - GAP;
  const lines = linesOf(panel, data);
  return [
    `<g><rect x="${x}" y="${y}" width="${width}" height="${height}" fill="#fff" stroke="#d8d9da"/>`,
    label({ x: x + 10, y: y + 20, size: 13, text: title, bold: true }),
    type === "stat"
      ? drawNumbers(lines, unitOf(panel), { x: x + 10, y: y + 48, height: height - 34 })
      : drawLines(lines, unitOf(panel), { x: x + 58, y: y + 34, width: width - 70, height: height - 94 }),
    "</g>",
  ].join("\n");
}

function linesOf({ targets }: Panel, data: PanelData): readonly Line[] {
  return targets
    .flatMap(({ expr, legendFormat }) =>
      data(expr).map(({ metric, values }) => ({
        name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => metric[name] ?? "").trim(),
        points: values
          .map(([at, value]) => [at, Number(value)] as const)
          .filter(([, value]) => Number.isFinite(value)),
      })),
    )
    .filter(({ points }) => points.length > 0)
    .toSorted((a, b) => highest(b) - highest(a));
}

function drawNumbers(
  lines: readonly Line[],
  unit: string,
  { x, y, height }: { x: number; y: number; height: number },
): string {
  const size = lines.length > 1 ? 14 : 28;
  const shown = lines.slice(0, Math.max(1, Math.floor(height / 18)));
  return shown
    .map(({ name, points }, index) => {
      const value = inUnit(points.at(-1)![1], unit);
      return label({
        x,
        y: y + index * 18 + (lines.length > 1 ? 0 : 22),
        size,
        text: lines.length > 1 ? `${name}  ${value}` : value,
      });
    })
    .join("\n");
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawLines(lines: readonly Line[], unit: string, frame: Frame): string {
  const { x, y, width, height } = frame;
  const ats = lines.flatMap(({ points }) => points.map(([at]) => at));
  const [from, to] = [Math.min(...ats), Math.max(...ats)];
  const top = Math.max(...lines.map(highest), 0) || 1;
  const across = (at: number): string => (x + (width * (at - from)) / Math.max(1, to - from)).toFixed(0);
  const up = (value: number): string => (y + height - (height * Math.max(0, value)) / top).toFixed(0);
  const marks = [0, 0.5, 1].map((share) => {
    const at = y + height * (1 - share);
    return `<path d="M${x} ${at}h${width}" stroke="#e4e4e4"/>${label({ x: x - 6, y: at + 4, size: 10, text: inUnit(top * share, unit), end: true })}`;
  });
  const drawn = lines.map(({ points }, index) => {
    const path = points.map(([at, value], one) => `${one === 0 ? "M" : "L"}${across(at)} ${up(value)}`);
    return `<path d="${path.join("")}" fill="none" stroke="${colourOf(index)}" stroke-width="1.5"/>`;
  });
  const legend = lines.slice(0, LEGEND_SHOWN).map(({ name }, index) => {
    const [left, below] = [x - 46 + (index % 2) * (width / 2 + 28), y + height + 22 + (index >> 1) * 15];
    return `<rect x="${left}" y="${below - 8}" width="10" height="3" fill="${colourOf(index)}"/>${label({ x: left + 14, y: below, size: 10, text: name })}`;
  });
  const more = lines.length - LEGEND_SHOWN;
  const rest =
    more > 0 ? [label({ x: x + width, y: y - 4, size: 10, text: `and ${more} more`, end: true })] : [];
  const seconds = label({
    x: x + width,
    y: y + height + 12,
    size: 9,
    text: `${Math.round(to - from)} s`,
    end: true,
  });
  return [...marks, ...drawn, ...legend, ...rest, seconds].join("\n");
}

function unitOf(panel: Panel): string {
  return (panel as { fieldConfig?: { defaults?: { unit?: string } } }).fieldConfig?.defaults?.unit ?? "short";
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function inUnit(value: number, unit: string): string {
  switch (unit) {
    case "percentunit":
      return `${number(value * 100)} %`;
    case "bytes":
    case "Bps":
      return `${number(value / 2 ** 20)} MiB${unit === "Bps" ? "/s" : ""}`;
    case "s":
      return value >= 1 || value === 0 ? `${number(value)} s` : `${number(value * 1000)} ms`;
    case "ops":
      return `${number(value)}/s`;
    case "currencyUSD":
      return `$${number(value)}`;
    default:
      return number(value);
  }
}

function highest({ points }: Line): number {
  return points.reduce((most, [, value]) => Math.max(most, value), 0);
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

function label({
  x,
  y,
  size,
  text,
  bold = false,
  end = false,
}: {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly text: string;
  readonly bold?: boolean;
  readonly end?: boolean;
}): string {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const look = `${bold ? ' font-weight="bold"' : ""}${end ? ' text-anchor="end"' : ""}`;
  return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" font-size="${size}"${look}>${safe}</text>`;
}
