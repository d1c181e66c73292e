/**
 * `npm run rehearse [-- --store sqlite|mongo] [--replicas N] [--keep]`: the rollout of docs/rollout.md with real
 * processes, where a second simulator stands in the place of the providers. Ends with 0 only if every step holds.
 */
import { parseArgs } from "node:util";
import { findNats, natsHint } from "@granary/servers";
import { openRig } from "../e2e/rig.ts";
import { openRehearsal } from "./rehearsal.ts";
import { closingTable, isGo, runRehearsal } from "./runRehearsal.ts";

const WRONG_INPUT = 2;

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    replicas: { type: "string", default: "2" },
    keep: { type: "boolean", default: false },
  },
});
const { store } = values;
const replicas = Number(values.replicas);

if ((store !== "sqlite" && store !== "mongo") || !/^[1-9]$/.test(values.replicas)) {
  console.error("rehearse: --store is sqlite or mongo, and --replicas a whole number from 1 to 9");
  process.exitCode = WRONG_INPUT;
} else {
  const nats = await findNats();
  if ("tried" in nats) {
    console.error(`rehearse: separate services need a nats-server. ${natsHint(nats)}`);
    process.exitCode = WRONG_INPUT;
  } else await rehearse(store);
}

async function rehearse(on: "sqlite" | "mongo"): Promise<void> {
  const rig = await openRig();
  const startedAt = performance.now();
  const opened = await openRehearsal(rig, { store: on, replicas }).catch(async (error: unknown) => {
    await rig.close();
    throw error;
  });
  const { nats, storeName, folder } = opened.site.stack;
  console.log(
    `rehearsal on ${storeName} and nats-server ${nats.version}, ${replicas} of each service; "live" is a second simulator`,
  );
  const reports = await runRehearsal(opened, (line) => console.log(line));
  const go = isGo(reports);
  console.log(`\n${closingTable(reports)}`);
  console.log(`\n${go ? "GO" : "NO GO"}, in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  process.exitCode = go ? 0 : 1;
  if (values.keep) {
    console.log(`everything lies in ${folder}`);
    // Whatever was started ends with this process.
    process.exit();
  }
  await opened.site.stops();
  await rig.close();
}
