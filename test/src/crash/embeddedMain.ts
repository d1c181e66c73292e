/**
 * What `granary up` runs, and a caller beside it, in a process that is struck at its failpoints. It gives the orders of
 * the file that is its first argument.
 */
import { readFileSync } from "node:fs";
import { openWorkspace } from "@granary/cli";
import { harvester } from "@granary/harvester";
import { JOB_LIMITS, runLoops } from "@granary/host";
import type { HostDeps } from "@granary/host";
import { monitor } from "@granary/monitor";
import { openLogger, readConfig, run } from "@granary/runtime";
import { submitter } from "@granary/submitter";
import type { Role } from "@granary/domain";
import { FAILPOINT, readFailpoints, strikesAt } from "./failpoint.ts";
import { giveOrders } from "./orders.ts";
import type { Order } from "./orders.ts";
import { watchedBus, watchedDeps, watchedStore } from "./watchedPorts.ts";

const IDLE_MS = 250;
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
  const bus = watchedBus(workspace.bus, "loops", onWrite);
  const of = (role: Role): HostDeps => ({
    ...watchedDeps(deps, role, onWrite),
    store: watchedStore(store, role, onWrite),
    publish: async (facts) => bus.publish(facts),
  });
  const submitting = submitter(of("submitter"));
  const monitoring = monitor(of("monitor"));
  await deps.epoch.check();
  await submitting.ensure();
  await monitoring.ensure();
  const workers = [...submitting.workers, ...monitoring.workers, ...harvester(of("harvester")).workers];
  const loops = { ...deps, store: watchedStore(store, "loops", onWrite) };
  await Promise.all([
    runLoops(loops, bus, workspace.watch, { workers, handle: submitting.handle, idleMs: IDLE_MS }, stop),
    giveOrders(orders, { store, send: submitting.handle }, stop).then(() => console.log("told")),
  ]);
});
process.exit();
