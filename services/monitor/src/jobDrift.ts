import type { JobSnapshot } from "@granary/domain";
import type { MonitorDeps } from "./settings.ts";

/** Takes note of fields and statuses of jobs that nobody here knows, whoever's jobs they are. */
export async function noteJobDrift(
  { drift }: Pick<MonitorDeps, "drift">,
  account: string,
  jobs: readonly JobSnapshot[],
): Promise<void> {
  const names = new Map<string, number>();
  for (const job of jobs) {
    const status = job.status === "other" ? [`status=${job.rawStatus}`] : [];
    for (const name of [...(job.drift ?? []), ...status]) names.set(name, (names.get(name) ?? 0) + 1);
  }
  if (names.size > 0) await drift?.note(account, "job", names);
}
