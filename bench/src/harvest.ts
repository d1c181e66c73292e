import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runRolesUntilHarvest } from "./runRolesUntilHarvest.ts";
import { FAST } from "@granary/domain";
import { alternate } from "./alternate.ts";
import type { Benchmark, BenchmarkOptions } from "./benchmark.ts";
import { comparisonOf } from "./comparison.ts";
import type { Comparison } from "./comparison.ts";
import { NO_PACE } from "./endToEnd.ts";
import { writeItems } from "./itemsFile.ts";
import { openWorkbench } from "./workbench.ts";

const MEGABYTES = [10, 100];
const LINE_BYTES = 2_000;
const REPEAT = 3;
/** The most that one job holds: the harvest of one job is one stream. */
const MOST_LINES = 50_000;
/** A result line without its answer, and the bytes of a token of the simulator's answers. */
const ENVELOPE_BYTES = 760;
const TOKEN_BYTES = 4;

/** One result file, from the finished job to the file of results. */
export const harvest: Benchmark = {
  name: "harvest",
  about: "a finished job from its result file to the request's results, at several sizes of the file",
  target:
    "at most 1.2 x reading, parsing and writing the same lines and rows; peak memory under 250 MB, and flat",
  async run(options) {
    const comparisons: Comparison[] = [];
    for (const megabytes of options.megabytes ?? MEGABYTES)
      comparisons.push(await harvestOf(megabytes, options));
    return comparisons;
  },
};

async function harvestOf(
  megabytes: number,
  { repeat = REPEAT, lineBytes: wanted = LINE_BYTES, profileFolder, onProgress }: BenchmarkOptions,
): Promise<Comparison> {
  const wholeBytes = megabytes * 1_000_000;
  const lineBytes = Math.max(wanted, wholeBytes / MOST_LINES);
  const items = Math.max(1, Math.round(wholeBytes / lineBytes));
  const tokens = Math.max(1, Math.round((lineBytes - ENVELOPE_BYTES) / TOKEN_BYTES));
  await using bench = await openWorkbench({
    pace: NO_PACE,
    answers: { minTokens: tokens, maxTokens: tokens },
  });
  const itemsPath = join(bench.folder, "items.jsonl");
  await writeItems(itemsPath, items);
  const prepared = join(bench.folder, "prepared");
  await mkdir(prepared);
  const { jobId, bytes } = await runRolesUntilHarvest(prepared, bench.simulatorUrl, itemsPath);
  const label = `${(bytes / 1e6).toFixed(1)} MB in ${items} lines`;
  onProgress(`prepared ${label}`);
  const pairs = await alternate({
    granary: "granaryHarvest",
    bare: "bareHarvest",
    repeat,
    assignment: { itemsPath, items, simulatorUrl: bench.simulatorUrl, pollMs: FAST.pollMinMs, jobId },
    folder: bench.folder,
    profileFolder,
    async prepare(contender, folder) {
      if (contender === "granaryHarvest") await cp(prepared, folder, { recursive: true });
    },
    onRun: (contender, { wallMs }) => onProgress(`${contender}, ${label}: ${Math.round(wallMs)} ms`),
  });
  return comparisonOf({ label, items, bytes }, pairs);
}
