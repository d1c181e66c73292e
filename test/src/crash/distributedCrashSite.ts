import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openRemote } from "@granary/cli";
import type { Role } from "@granary/domain";
import { JOB_LIMITS, openStore } from "@granary/host";
import { openLogger, readConfig } from "@granary/runtime";
import { freePort, startNats } from "@granary/servers";
import { collectFacts, factFaults } from "../distributed/factCollector.ts";
import type { CrashSite, CrashSiteOptions } from "./crashSite.ts";
import { pointOf } from "./points.ts";
import type { Mortal } from "./life.ts";
import { startMortal } from "./life.ts";
import { giveOrders } from "./orders.ts";

const ROLES: readonly Role[] = ["submitter", "monitor", "harvester"];

/** A site of three services with a nats-server of its own, on SQLite or a database of its own in a server. */
export async function distributedSite({
  rig,
  situation,
  env: given,
  simulatorFolder,
  failpoints,
  database,
}: CrashSiteOptions): Promise<CrashSite> {
  const nats = await startNats({ folder: join(rig.folder, "nats") });
  rig.defer(async () => nats[Symbol.asyncDispose]());
  const env = {
    ...given,
    NATS_URL: nats.url,
    GRANARY_HTTP_HOST: "127.0.0.1",
    ...(database
      ? { MONGODB_URI: database.uri, MONGODB_DATABASE: `crash-${randomUUID().slice(0, 8)}` }
      : { GRANARY_SQLITE: join(rig.folder, "granary.db") }),
  };
  const config = readConfig({
    env,
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "cli",
    jobLimits: JOB_LIMITS,
  });
  const log = openLogger({ level: "silent" });
  {
    await using opened = await openStore(config.store, log);
    await opened.store.ensure();
  }
  const facts = await collectFacts(nats.url);
  rig.defer(async () => facts[Symbol.asyncDispose]());
  const workspace = await openRemote(config, log);
  rig.defer(async () => workspace[Symbol.asyncDispose]());
  const mortals: Mortal[] = [];
  for (const role of ROLES)
    mortals.push(
      startMortal(rig, {
        role,
        args: [role],
        env: { ...env, GRANARY_HTTP_PORT: String(await freePort()) },
        failpoints: failpoints.filter((each) => roleOf(each) === role),
      }),
    );
  const stop = new AbortController();
  rig.defer(() => stop.abort());
  let areOrdersGiven = false;
  void giveOrders(situation.orders, { store: workspace.store, send: workspace.send }, stop.signal).then(
    () => (areOrdersGiven = true),
    () => {},
  );
  return {
    simulatorFolder,
    workspace,
    mortals,
    areOrdersGiven: () => areOrdersGiven,
    factFaults: async () => factFaults(workspace.store, facts),
  };
}

/** Whose failpoint it is: the last one of a life decides. */
function roleOf(failpoints: string): Role {
  return pointOf(failpoints.split(",").at(-1)?.split(":")[0] ?? "").role;
}
