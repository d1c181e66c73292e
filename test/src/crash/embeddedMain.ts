/**
 * What `granary up` runs, and a caller beside it, in a process that is struck at its failpoints. It gives the orders of
 * the file that is its first argument.
 */
import { readFileSync } from "node:fs";
import { openWorkspace } from "@granary/cli";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig, run } from "@granary/runtime";
import { FAILPOINT, readFailpoints, strikesAt } from "./failpoint.ts";
import { giveOrders } from "./orders.ts";
import type { Order } from "./orders.ts";
import { watchedRoles } from "./watchedRoles.ts";

const GRACE_MS = 20_000;

const orders = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as readonly Order[];
const onWrite = strikesAt(readFailpoints(process.env[FAILPOINT] ?? ""));
const config = readConfig({
  env: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
  reader: "embedded",
  jobLimits: JOB_LIMITS,
});
const log = openLogger({ level: config.logLevel });
await run({ log, graceMs: GRACE_MS }, async (stop) => {
  await using workspace = await openWorkspace(config, log);
  const { store, deps } = workspace;
  await store.freeLeases({ except: deps.owner });
  const roles = await watchedRoles(workspace, onWrite);
  await Promise.all([
    roles.run(stop),
    giveOrders(orders, { store, send: roles.handle }, stop).then(() => console.log("told")),
  ]);
});
process.exit();
