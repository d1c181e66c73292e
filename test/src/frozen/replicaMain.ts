/**
 * All roles on one store, beside other processes that have them, too: stopped where `GRANARY_FAILPOINT` and
 * `GRANARY_HOLD` say. Unlike `granary up` it takes no leases from others: they may only stand still.
 */
import { readFileSync } from "node:fs";
import { openWorkspace } from "@granary/cli";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig, run } from "@granary/runtime";
import { FAILPOINT, readFailpoints, say, strikesAt } from "../crash/failpoint.ts";
import { watchedRoles } from "../crash/watchedRoles.ts";
import { HOLD, heldCatalogue, readHold } from "./hold.ts";

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
  const { deps } = workspace;
  const held = { ...deps, catalogue: heldCatalogue(deps.catalogue, hold) };
  const roles = await watchedRoles({ ...workspace, deps: held }, onWrite);
  say("running");
  await roles.run(stop);
});
process.exit();
