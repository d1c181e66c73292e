/**
 * All roles on one store, beside other processes that have them, too: stopped where `GRANARY_FAILPOINT` and
 * `GRANARY_HOLD` say. Unlike `granary up` it takes no leases from others: they may only stand still.
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
import { FAILPOINT, readFailpoints, say, strikesAt } from "../crash/failpoint.ts";
import { watchedBus, watchedDeps, watchedStore } from "../crash/watchedPorts.ts";
import { HOLD, heldCatalogue, readHold } from "./hold.ts";

const IDLE_MS = 250;
const GRACE_MS = 20_000;

const onWrite = strikesAt(readFailpoints(process.env[FAILPOINT] ?? ""));
const hold = readHold(process.env[HOLD] ?? "");
const config = readConfig({
  env: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
  reader: "embedded",
  jobLimits: JOB_LIMITS,
});
const log = openLogger({ level: config.logLevel });
await run({ log, graceMs: GRACE_MS }, async (stop) => {
  await using workspace = await openWorkspace(config, log);
  const { store } = workspace;
  const deps = { ...workspace.deps, catalogue: heldCatalogue(workspace.deps.catalogue, hold) };
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
  say("running");
  await runLoops(loops, bus, workspace.watch, { workers, handle: submitting.handle, idleMs: IDLE_MS }, stop);
});
process.exit();
