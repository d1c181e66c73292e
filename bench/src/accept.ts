import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { FAST } from "@granary/domain";
import { alternate } from "./alternate.ts";
import type { Benchmark, BenchmarkOptions } from "./benchmark.ts";
import type { Comparison } from "./comparison.ts";
import { comparisonOf } from "./comparison.ts";
import { writeItems } from "./itemsFile.ts";
import { openWorkbench } from "./workbench.ts";

const SIZES = [100_000, 1_000_000];
const REPEAT = 1;
/** Where the items lie in the artifact store when they are submitted. */
export const UPLOAD = "uploads/items.jsonl";

/** One large request by reference, from its items file to its slices in the store. Nothing is sent to a provider. */
export const accept: Benchmark = {
  name: "accept",
  about: "a request by reference: each item read, checked, priced, cut and kept; at several numbers of items",
  target: "memory that does not grow with the items, beyond 64 bytes a key",
  async run(options) {
    const comparisons: Comparison[] = [];
    for (const items of options.items === undefined ? SIZES : [options.items])
      comparisons.push(await acceptOf(items, options));
    return comparisons;
  },
};

async function acceptOf(
  items: number,
  { repeat = REPEAT, profileFolder, onProgress }: BenchmarkOptions,
): Promise<Comparison> {
  await using bench = await openWorkbench({});
  const itemsPath = join(bench.folder, "items.jsonl");
  await writeItems(itemsPath, items);
  const hash = createHash("sha256");
  await pipeline(createReadStream(itemsPath), hash);
  const { size } = await stat(itemsPath);
  const pairs = await alternate({
    granary: "granaryAccept",
    bare: "bareAccept",
    repeat,
    assignment: {
      itemsPath,
      items,
      itemsSha256: hash.digest("hex"),
      simulatorUrl: bench.simulatorUrl,
      pollMs: FAST.pollMinMs,
    },
    folder: bench.folder,
    profileFolder,
    async prepare(contender, folder) {
      if (contender !== "granaryAccept") return;
      const upload = join(folder, "artifacts", UPLOAD);
      await mkdir(dirname(upload), { recursive: true });
      await link(itemsPath, upload);
    },
    onRun: (contender, { wallMs, peakBytes }) =>
      onProgress(`${contender}, ${items} items: ${Math.round(wallMs)} ms, ${Math.round(peakBytes / 1e6)} MB`),
  });
  return comparisonOf({ label: `${items} items`, items, bytes: size }, pairs);
}
