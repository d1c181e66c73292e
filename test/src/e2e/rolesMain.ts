/** Runs the three roles on the store that the environment names, without a lock: a replica beside others. */
import { openWorkspace, runRoles } from "@granary/cli";
import { OPENAI_LIMITS } from "@granary/providers";
import { openLogger, readConfig, run } from "@granary/runtime";

const config = readConfig({
  env: process.env,
  readFile: () => "",
  reader: "embedded",
  jobLimits: { openai: OPENAI_LIMITS },
});
const log = openLogger({ level: config.logLevel });
await run({ log, graceMs: 20_000 }, async (stop) => {
  await using workspace = await openWorkspace(config, log);
  console.log("running");
  await runRoles(workspace, stop);
});
process.exit();
