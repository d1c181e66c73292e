/** `main.ts NAME [--items N] [--repeat N] [--megabytes N,N] [--line-bytes N] [--profile FOLDER] [--json]` */
import { parseArgs } from "node:util";
import { accept } from "./accept.ts";
import type { Benchmark } from "./benchmark.ts";
import { endToEnd } from "./endToEnd.ts";
import { harvest } from "./harvest.ts";
import { reportOf, reportText } from "./report.ts";

const BENCHMARKS: readonly Benchmark[] = [endToEnd, harvest, accept];
/** Of end-to-end: a job holds no more, and both sides send one. */
const MOST_ITEMS = 50_000;
const WRONG_INPUT = 2;

const USAGE = `usage: npm run bench -- NAME [options]
${BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join("\n")}
  ${"list".padEnd(12)} the names, one a line
options
  --items N         items of end-to-end, at most ${MOST_ITEMS}, or of accept
  --megabytes N,N   sizes of harvest's result file
  --line-bytes N    size of a line of it
  --repeat N        runs of each side
  --profile FOLDER  leave CPU profiles there
  --json            the report as JSON`;

class WrongInput extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      items: { type: "string" },
      repeat: { type: "string" },
      megabytes: { type: "string" },
      "line-bytes": { type: "string" },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [name] = positionals;
  if (name === "list") return console.log(BENCHMARKS.map((benchmark) => benchmark.name).join("\n"));
  const benchmark = BENCHMARKS.find((candidate) => candidate.name === name);
  if (!benchmark || positionals.length > 1) throw new WrongInput(USAGE);
  const { profile } = values;
  const options = {
    ...given("items", values.items, (text) =>
      positive("--items", text, benchmark === endToEnd ? MOST_ITEMS : Infinity),
    ),
    ...given("repeat", values.repeat, (text) => positive("--repeat", text)),
    ...given("lineBytes", values["line-bytes"], (text) => positive("--line-bytes", text)),
    ...given("megabytes", values.megabytes, (text) =>
      text.split(",").map((size) => positive("--megabytes", size, Infinity, Number)),
    ),
    ...given("profileFolder", profile, String),
    onProgress: (line: string) => console.error(line),
  };
  const report = await reportOf(benchmark, async () => benchmark.run(options));
  console.log(values.json ? JSON.stringify(report, null, 2) : reportText(report));
}

function given<K extends string, V>(
  name: K,
  text: string | undefined,
  read: (text: string) => V,
): { [name in K]?: V } {
  return text === undefined ? {} : ({ [name]: read(text) } as { [name in K]?: V });
}

/** A whole number from 1 to `most`; with `read` any other kind of number above 0. */
function positive(option: string, text: string, most = Infinity, read = wholeNumber): number {
  const value = read(text);
  if (value > 0 && value <= most && value < Infinity) return value;
  throw new WrongInput(
    `${option} ${text}: give a number above 0${most < Infinity ? `, at most ${most}` : ""}`,
  );
}

function wholeNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

try {
  await main();
} catch (error) {
  const wrongInput =
    error instanceof WrongInput || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  console.error(wrongInput ? (error as Error).message : error);
  process.exitCode = wrongInput ? WRONG_INPUT : 1;
}
