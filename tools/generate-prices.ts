/**
 * Writes each provider's `listPrices.ts` from the data of genai-prices, a library that keeps list prices with their
 * batch rates, tiers and days (docs/decisions/0019-price-data.md). Its data is Python: install a pinned version into a
 * folder and name it, with the day that version was published:
 *
 *     pip install --target /tmp/genai-prices genai-prices==0.2.3
 *     npx node tools/generate-prices.ts /tmp/genai-prices 2026-11-10 && npm run format
 */
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, published] = process.argv.slice(2);
if (!folder || !/^\d{4}-\d{2}-\d{2}$/.test(published ?? "")) {
  console.error(
    "usage: generate-prices.ts FOLDER DAY, the day on which the version in the folder was published",
  );
  process.exit(2);
}

const PROVIDERS = [
  { name: "openai", theirs: "openai", source: "https://developers.openai.com/api/docs/pricing" },
  { name: "gemini", theirs: "google", source: "https://ai.google.dev/gemini-api/docs/pricing" },
  {
    name: "anthropic",
    theirs: "anthropic",
    source: "https://platform.claude.com/docs/en/about-claude/pricing",
  },
] as const;

/** Prints what we need of the library's data: one document, with its own names. */
const DUMP = `
import json, sys
sys.path.insert(0, sys.argv[1])
from genai_prices.data import providers

def amount(value):
    if value is None: return None
    if hasattr(value, "base"):
        return {"base": float(value.base), "tiers": [[tier.start, float(tier.price)] for tier in value.tiers]}
    return {"base": float(value), "tiers": []}

FIELDS = ["input_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "output_mtok"]

def rates(price): return {name: amount(getattr(price, name, None)) for name in FIELDS}

def start(one):
    day = getattr(getattr(one, "constraint", None), "start_date", None)
    return None if day is None else day.isoformat()

def names(clause):
    if hasattr(clause, "equals"): return [clause.equals]
    return [name for part in getattr(clause, "or_", []) for name in names(part)]

print(json.dumps({provider.id: [{
    "id": model.id,
    "names": names(model.match),
    "list": [{"from": start(one), "rates": rates(one.prices)}
        for one in (model.prices if isinstance(model.prices, list) else [model])],
    "batch": [{"from": start(one), "rates": rates(one.prices)}
        for one in (getattr(model, "price_variants", None) or []) if one.when == {"processing": "batch"}],
} for model in provider.models] for provider in providers}))
`;

interface Amount {
  readonly base: number;
  readonly tiers: readonly (readonly [aboveTokens: number, price: number])[];
}

const FIELDS = [
  "input_mtok",
  "cache_read_mtok",
  "cache_write_mtok",
  "cache_write_1h_mtok",
  "output_mtok",
] as const;
type Amounts = Readonly<Record<(typeof FIELDS)[number], Amount | null>>;

interface Dated {
  /** The day from which it holds, or on which it was verified. */
  readonly from: string | null;
  readonly rates: Amounts;
}

interface Model {
  readonly id: string;
  readonly names: readonly string[];
  readonly list: readonly Dated[];
  readonly batch: readonly Dated[];
}

/** What is no text model, no name the provider knows, or a name that stands for one model today and another one soon. */
const OTHERS =
  /^gemini-(?:pro|flash|flash-lite)-latest$|audio|embed|image|tts|live|transcribe|realtime|moderation|search|robotics|banana|omni|computer|[:@]|\.ft-|-high$/;

const dumped = spawnSync("python3", ["-c", DUMP, folder], { encoding: "utf8", maxBuffer: 1 << 26 });
if (dumped.status !== 0) {
  console.error(dumped.stderr || String(dumped.error));
  process.exit(1);
}
const data = JSON.parse(dumped.stdout) as Readonly<Record<string, readonly Model[]>>;
const version =
  /^genai_prices-(.+)\.dist-info$/m.exec(readdirSync(folder).join("\n"))?.[1] ?? "of no version";

for (const { name, theirs, source } of PROVIDERS) {
  const rows = (data[theirs] ?? []).flatMap((model) => rowsOf(name, model));
  const constant = `${name.toUpperCase()}_LIST_PRICES`;
  const text = `import type { Price } from "@granary/domain";
import { priceTable } from "../priceTable.ts";

const row = priceTable(${JSON.stringify(name)}, ${JSON.stringify(source)});

/**
 * Written by tools/generate-prices.ts from genai-prices ${version} of ${published}: models with a price in a batch. What
 * is newer or otherwise goes into prices.ts beside it.
 */
export const ${constant}: readonly Price[] = [
${rows.map((text_) => `  ...row(${text_}),`).join("\n")}
];
`;
  writeFileSync(join(import.meta.dirname, "../libs/providers/src", name, "listPrices.ts"), text);
  console.log(`${name}: ${rows.length} rows`);
}

/** The rows of a model that is sold in batches: the one in force on the day of publication, and announced ones. */
function rowsOf(provider: string, model: Model): readonly string[] {
  const names = namesOf(model, provider);
  if (names.length === 0 || model.batch.length === 0) return [];
  const current = latest(model.list, published!);
  const announced = model.list.filter(({ from }) => from !== null && from > published!);
  return [...(current ? [current] : []), ...announced].flatMap((listed) => {
    const day = listed.from !== null && listed.from > published! ? listed.from : published!;
    const batch = latest(model.batch, day);
    if (!batch || !listed.rates.input_mtok || !listed.rates.output_mtok) return [];
    const asOf = day === published ? (batch.from ?? published) : day;
    return [
      `${JSON.stringify(names.join(" "))}, ${JSON.stringify(asOf)}, ${ratesText(model.id, listed.rates, batch.rates)}`,
    ];
  });
}

function namesOf({ id, names }: Model, provider: string): readonly string[] {
  const all = [...new Set([id, ...names])].filter((name) => !OTHERS.test(name));
  // A snapshot has the price of its family, and a name with dashes for its dots is no provider's.
  const families = all.filter((name) => !/-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{3})$/.test(name) || name === id);
  const prefix = provider === "gemini" ? "gemini-" : "";
  return families.filter(
    (name) =>
      name.startsWith(prefix) &&
      !families.some((other) => other !== name && other.replaceAll(".", "-") === name),
  );
}

function latest(rows: readonly Dated[], day: string): Dated | undefined {
  return rows
    .filter(({ from }) => from === null || from <= day)
    .toSorted((a, b) => ((a.from ?? "") < (b.from ?? "") ? -1 : 1))
    .at(-1);
}

/** What a model's row says: list prices, the share of them a batch pays, and what does not keep to that share. */
function ratesText(id: string, list: Amounts, batch: Amounts): string {
  // What a batch has no rate of keeps that of the list.
  const paid = (field: (typeof FIELDS)[number]) => batch[field] ?? list[field];
  const limits = new Set(FIELDS.flatMap((field) => paid(field)?.tiers.map(([above]) => above) ?? []));
  const share = at(paid("input_mtok"), null)! / at(list.input_mtok, null)!;
  const parts = [
    ratesAt(null),
    ...(Math.abs(share - 0.5) > 1e-9 ? [`batch: ${share}`] : []),
    ...(limits.size > 0
      ? [
          `tiers: [${[...limits]
            .toSorted((a, b) => a - b)
            .map((above) => `{ aboveTokens: ${grouped(above)}, ${ratesAt(above)} }`)
            .join(", ")}]`,
        ]
      : []),
  ];
  return `{ ${parts.join(", ")} }`;

  function ratesAt(above: number | null): string {
    const input = at(list.input_mtok, above)!;
    const cachedInput = at(list.cache_read_mtok, above) ?? input;
    const cacheWrite = at(list.cache_write_mtok, above);
    const longCacheWrite = at(list.cache_write_1h_mtok, above);
    const output = at(list.output_mtok, above)!;
    const batchCached = list.cache_read_mtok ? at(paid("cache_read_mtok"), above)! : input * share;
    for (const field of ["input_mtok", "output_mtok", "cache_write_mtok", "cache_write_1h_mtok"] as const) {
      const whole = at(list[field], above);
      if (whole !== null && Math.abs(at(paid(field), above)! - whole * share) > 1e-9)
        throw new Error(`${id}: a batch pays another share of ${field} than of its input`);
    }
    return [
      `input: ${input}`,
      `cachedInput: ${cachedInput}`,
      ...(Math.abs(batchCached - cachedInput * share) > 1e-9 ? [`batchCachedInput: ${batchCached}`] : []),
      ...(cacheWrite === null ? [] : [`cacheWrite: ${cacheWrite}`]),
      ...(longCacheWrite === null ? [] : [`longCacheWrite: ${longCacheWrite}`]),
      `output: ${output}`,
    ].join(", ");
  }
}

/** The price of an answer whose input is longer than `above`, or of a short one. */
function at(amount: Amount | null, above: number | null): number | null {
  if (!amount) return null;
  return (
    (above === null ? undefined : amount.tiers.findLast(([start]) => start <= above)?.[1]) ?? amount.base
  );
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, "_");
}
