import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FAST } from "@granary/domain";
import { alternate } from "./alternate.ts";
import type { Benchmark } from "./benchmark.ts";
import { comparisonOf } from "./comparison.ts";
import { writeItems } from "./itemsFile.ts";
import { openWorkbench } from "./workbench.ts";

const ITEMS = 50_000;
const REPEAT = 3;

/** A provider that takes no time but what its own work needs: any longer, and the wait would hide the difference. */
export const NO_PACE = { validatingMs: 0, jobMs: 0, lineMs: 0, finalizingMs: 0, jitter: 0 } as const;

/** One request of many items, from the file of items to the file of results. */
export const endToEnd: Benchmark = {
  name: "end-to-end",
  about: "a request from its items file to its results, Granary and the bare loop in turns",
  target: "wall time at most 1.3 x the bare loop's; peak memory under 250 MB",
  async run({ items = ITEMS, repeat = REPEAT, profileFolder, onProgress }) {
    await using bench = await openWorkbench({ pace: NO_PACE });
    const itemsPath = join(bench.folder, "items.jsonl");
    await writeItems(itemsPath, items);
    const pairs = await alternate({
      granary: "granaryEndToEnd",
      bare: "bareEndToEnd",
      repeat,
      assignment: { itemsPath, items, simulatorUrl: bench.simulatorUrl, pollMs: FAST.pollMinMs },
      folder: bench.folder,
      profileFolder,
      onRun: (contender, { wallMs }) => onProgress(`${contender}: ${Math.round(wallMs)} ms`),
    });
    const { size } = await stat(itemsPath);
    return [comparisonOf({ label: `${items} items`, items, bytes: size }, pairs)];
  },
};
