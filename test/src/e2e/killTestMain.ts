/** `npm run kill-test -w test [-- --rounds 10 --seed 7 --simulator separate]`: kill -9 during the demo's
 * workload and more, ten times in a row. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runKillTest } from "./killTest.ts";
import { openRig, ROOT } from "./rig.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    simulator: { type: "string", default: "separate" },
  },
});
const { simulator } = values;
if (simulator !== "separate" && simulator !== "child") throw new Error("--simulator is separate or child");
const rounds = Number(values.rounds);
const seed = Number(values.seed);
console.log(`kill test: ${rounds} rounds, seed ${seed}, simulator ${simulator}`);
const rig = await openRig();
try {
  const startedAt = performance.now();
  const workload = join(ROOT, "examples/workload.jsonl");
  const options = { rounds, seed, simulator, workload, say: console.log } as const;
  const { proof, ...sizes } = await runKillTest(rig, options);
  for (const finding of [...proof.findings, ...proof.unproven]) console.log(`found: ${finding}`);
  console.log(
    JSON.stringify({
      ...sizes,
      jobs: proof.creates.length,
      createdTwice: proof.createdTwice,
      findings: proof.findings.length,
      unproven: proof.unproven,
      seconds: Math.round((performance.now() - startedAt) / 1000),
    }),
  );
  process.exitCode = proof.findings.length + proof.unproven.length + proof.createdTwice.length === 0 ? 0 : 1;
} finally {
  await rig.close();
}
