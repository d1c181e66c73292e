/**
 * `npm run soak -- --minutes N --seed S [--store sqlite|mongo]`: load and blows for N minutes, then quiet, then the
 * checker. Ends with 0 only if nothing is wrong; a failing run's folder is kept.
 */
import { isDeepStrictEqual, parseArgs } from "node:util";
import { CLEAN, openDistributedSite } from "../distributed/distributedSite.ts";
import { openRig } from "../e2e/rig.ts";
import { runSoak, SOAK_ENV } from "./runSoak.ts";
import { GOOD_DAY } from "./scenarios.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    store: { type: "string", default: "sqlite" },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0)) throw new Error("--minutes is a number above 0");
if (!Number.isInteger(seed) || seed < 0) throw new Error("--seed is a whole number");
if (values.store !== "sqlite" && values.store !== "mongo") throw new Error("--store is sqlite or mongo");

const rig = await openRig();
try {
  const site = await openDistributedSite(rig, {
    store: values.store,
    scenario: GOOD_DAY,
    env: SOAK_ENV,
  });
  const { nats, storeName } = site.stack;
  console.log(`soak of ${minutes} min, seed ${seed}, on ${storeName} and nats-server ${nats.version}`);
  const startedAt = performance.now();
  const report = await runSoak(site, {
    forMs: minutes * 60_000,
    seed,
    few: values.store === "mongo",
    tell: (line) =>
      console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${line}`),
  });
  console.log(JSON.stringify(report, null, 2));
  const isClean = isDeepStrictEqual(report.proof, CLEAN);
  if (!isClean) {
    // Whatever was started ends with this process; what it wrote is to be looked at.
    console.log(`NOT CLEAN; everything lies in ${site.stack.folder}`);
    process.exit(1);
  }
  console.log("clean");
} finally {
  await rig.close();
}
