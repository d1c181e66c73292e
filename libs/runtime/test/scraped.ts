/** Reads the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
import type { Metrics } from "../src/metrics/openMetrics.ts";

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its samples; those of a histogram end in _bucket, _sum and _count. */
export interface Family {
  readonly name: string;
  readonly help: string;
  type: string;
  readonly samples: Sample[];
}

const SAMPLE =
  /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>[^}]*)\})? (?<value>[0-9.eE+-]+|\+Inf|-Inf|nan)$/i;
const LABEL = /(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\]|\\.)*)"(?:,|$)/g;

/** Every family of a scrape. Throws at a line that is none of the format's. */
export function parseScrape(text: string): readonly Family[] {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families: Family[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    const family = families.at(-1);
    if (help) families.push({ name: help[1]!, help: help[2]!, type: "", samples: [] });
    else if (type && family && family.name === type[1]) family.type = type[2]!;
    else {
      const sample = toSample(line);
      const base = sample.name.replace(family?.type === "histogram" ? /_(?:bucket|sum|count)$/ : /$^/, "");
      if (family?.name !== base) throw new Error(`a sample outside its family: ${line}`);
      family.samples.push(sample);
    }
  }
  return families;
}

function toSample(line: string): Sample {
  const { name, labels = "", value } = SAMPLE.exec(line)?.groups ?? {};
  if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
  const found = [...labels.matchAll(LABEL)];
  if (found.map(([text]) => text).join("") !== labels) throw new Error(`no labels: ${line}`);
  return {
    name,
    labels: Object.fromEntries(found.map(({ groups }) => [groups!["name"]!, groups!["value"]!])),
    value: value === "+Inf" ? Infinity : Number(value),
  };
}

/** The families of one scrape. */
export async function scraped(metrics: Pick<Metrics, "scrape">): Promise<readonly Family[]> {
  return parseScrape((await metrics.scrape()).text);
}

/** The samples of a name that are not zero, as `label=value,… value`. */
export async function counted(metrics: Pick<Metrics, "scrape">, name: string): Promise<readonly string[]> {
  const samples = (await scraped(metrics)).flatMap((family) => family.samples);
  return samples
    .filter((sample) => sample.name === name && sample.value !== 0)
    .map(({ labels, value }) => `${Object.values(labels).join(" ")} ${value}`.trim())
    .toSorted();
}
