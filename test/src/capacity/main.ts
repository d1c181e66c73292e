/**
 * `npm run capacity [-- --items N] [--per-request N] [--prompt-bytes N] [--answer-tokens N] [--lines N] [--heap MB]
 * [--store sqlite|mongo]`: what an item takes of disk, CPU and memory, by one replica of each service against the
 * simulator. `--lines` are those of a job, `--heap` the services' largest heap. The figures of docs/capacity.md.
 */
import { parseArgs } from "node:util";
import { openDistributedSite } from "../distributed/distributedSite.ts";
import { openRig } from "../e2e/rig.ts";
import { measureCapacity } from "./measureCapacity.ts";

const SCENARIO = { pace: { validatingMs: 0, jobMs: 0, lineMs: 0, finalizingMs: 0 } };

const { values } = parseArgs({
  options: {
    items: { type: "string", default: "10000" },
    "per-request": { type: "string", default: "1000" },
    "prompt-bytes": { type: "string", default: "400" },
    "answer-tokens": { type: "string" },
    lines: { type: "string", default: "50000" },
    heap: { type: "string", default: "0" },
    store: { type: "string", default: "sqlite" },
  },
});
const { store } = values;
if (store !== "sqlite" && store !== "mongo") throw new Error("--store is sqlite or mongo");

const rig = await openRig();
try {
  const site = await openDistributedSite(rig, {
    store,
    scenario: values["answer-tokens"] === undefined ? SCENARIO : { ...SCENARIO, answers: answersOf() },
    replicas: 1,
    env: {
      GRANARY_OPENAI_MAX_LINES: String(positive("lines")),
      ...(values.heap === "0" ? {} : { NODE_OPTIONS: `--max-old-space-size=${Number(values.heap)}` }),
    },
  });
  const report = await measureCapacity(site, {
    items: positive("items"),
    perRequest: positive("per-request"),
    promptBytes: positive("prompt-bytes"),
  });
  console.log(JSON.stringify({ store: site.stack.storeName, ...report }, null, 2));
} finally {
  await rig.close();
}

/** All answers equally long. */
function answersOf() {
  const tokens = positive("answer-tokens");
  return { minTokens: tokens, maxTokens: tokens };
}

function positive(name: "items" | "per-request" | "prompt-bytes" | "answer-tokens" | "lines"): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number from 1`);
  return value;
}
