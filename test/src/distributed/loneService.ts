import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "@granary/domain";
import { freePort } from "@granary/servers";
import type { ServiceProcess } from "@granary/stack";
import { startService } from "@granary/stack";
import { onTestFinished } from "vitest";
import type { DistributedSite } from "./distributedSite.ts";

/**
 * Starts one service beside a site's own, with other settings. It goes with the running test. Each replica looks at
 * what it is given for itself: one is enough to see what it makes of it.
 */
export async function startLone(
  { stack }: DistributedSite,
  service: Role,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const port = await freePort();
  const logPath = join(stack.folder, "logs", `lone-${service}-${port}.log`);
  const started = startService({ service, replica: 1, port, env: { ...stack.env, ...env }, logPath });
  onTestFinished(async () => {
    if (!started.running) return;
    started.signal("SIGKILL");
    await started.exited();
  });
  return started;
}

/** Everything a service has written, of all its starts. */
export function logOf({ logPath }: Pick<ServiceProcess, "logPath">): string {
  return readFileSync(logPath, "utf8");
}

/** What a service has logged at a level, without the lines that are none of its log's. */
export function linesAt(service: ServiceProcess, level: "warn" | "error"): readonly string[] {
  return logOf(service)
    .split("\n")
    .filter((line) => line.startsWith(`{"level":"${level}"`));
}
