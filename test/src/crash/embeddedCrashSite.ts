import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openWorkspace } from "@granary/cli";
import { JOB_LIMITS } from "@granary/host";
import { openLogger, readConfig } from "@granary/runtime";
import type { CrashSite, CrashSiteOptions } from "./crashSite.ts";
import { startMortal } from "./life.ts";

/** A site in one process, on SQLite, with its bus in the process and its caller, too. */
export async function embeddedSite({
  rig,
  situation,
  env: given,
  simulatorFolder,
  failpoints,
}: CrashSiteOptions): Promise<CrashSite> {
  const env = { ...given, GRANARY_SQLITE: join(rig.folder, "granary.db") };
  const ordersPath = join(rig.folder, "orders.json");
  await writeFile(ordersPath, JSON.stringify(situation.orders));
  const mortal = startMortal(rig, { role: null, args: [ordersPath], env, failpoints });
  const config = readConfig({
    env,
    readFile: (path) => readFileSync(path, "utf8"),
    reader: "embedded",
    jobLimits: JOB_LIMITS,
  });
  const workspace = await openWorkspace(config, openLogger({ level: "silent" }));
  rig.defer(async () => workspace[Symbol.asyncDispose]());
  return {
    simulatorFolder,
    workspace,
    mortals: [mortal],
    areOrdersGiven: () => mortal.now.stdout().includes("told\n"),
    factFaults: null,
  };
}
