/** Runs seeds of the simulation: `main.ts --from 1 --count 100 [--turns 2500] [--until-fault]`. Prints one JSON line. */
import { parseArgs } from "node:util";
import { runSeed } from "./runSeed.ts";

const { values } = parseArgs({
  options: {
    from: { type: "string", default: "1" },
    count: { type: "string", default: "100" },
    turns: { type: "string", default: "2500" },
    "until-fault": { type: "boolean", default: false },
  },
});

const totals = {
  seeds: 0,
  turns: 0,
  fewestTurns: Infinity,
  requests: 0,
  items: 0,
  jobs: 0,
  crashes: 0,
  restores: 0,
};
const faulty: { seed: number; faults: readonly string[] }[] = [];
const from = Number(values.from);
for (let seed = from; seed < from + Number(values.count); seed += 1) {
  const result = await runSeed(seed, { chaosTurns: Number(values.turns) });
  totals.seeds += 1;
  totals.turns += result.turns;
  totals.fewestTurns = Math.min(totals.fewestTurns, result.turns);
  totals.requests += result.requests;
  totals.items += result.items;
  totals.jobs += result.jobs;
  totals.crashes += result.crashes;
  totals.restores += result.restores;
  if (result.faults.length > 0) {
    faulty.push({ seed, faults: result.faults.slice(0, 5) });
    if (values["until-fault"]) break;
  }
}
console.log(JSON.stringify({ ...totals, faulty }));
process.exitCode = faulty.length > 0 ? 1 : 0;
