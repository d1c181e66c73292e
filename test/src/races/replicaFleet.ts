import { join } from "node:path";
import type { Role } from "@granary/domain";
import { freePort } from "@granary/servers";
import type { ServiceProcess } from "@granary/stack";
import { startService } from "@granary/stack";
import type { DistributedSite } from "../distributed/distributedSite.ts";

/** The services, in the order in which work passes them. */
export const ROLES: readonly Role[] = ["submitter", "monitor", "harvester"];

/** One process of a fleet, beside those of the stack. */
export interface FleetMember {
  readonly service: Role;
  /** Beside what the stack's services get. */
  readonly env?: Readonly<Record<string, string>>;
}

const READY_MS = 120_000;

/** Starts services on a site's servers, each with settings of its own, and waits until all are ready. They go with its rig. */
export async function startFleet(
  { rig, stack }: Pick<DistributedSite, "rig" | "stack">,
  members: readonly FleetMember[],
): Promise<readonly ServiceProcess[]> {
  const fleet: ServiceProcess[] = [];
  rig.defer(async () => {
    for (const service of fleet) if (service.running) service.signal("SIGKILL");
    await Promise.all(fleet.map(async (service) => service.exited()));
  });
  for (const [index, { service, env = {} }] of members.entries()) {
    const port = await freePort();
    const logPath = join(stack.folder, "logs", `fleet-${service}-${index + 1}.log`);
    fleet.push(
      startService({ service, replica: index + 1, port, env: { ...stack.serviceEnv, ...env }, logPath }),
    );
  }
  await Promise.all(fleet.map(async (service) => service.becomesReady(READY_MS)));
  return fleet;
}

/** Stops a fleet; answers what ended otherwise than with 0. */
export async function stopFleet(fleet: readonly ServiceProcess[]): Promise<readonly string[]> {
  const ends = await Promise.all(
    fleet.map(async (service) => ({ name: service.name, ...(await service.stop()) })),
  );
  return ends.flatMap(({ name, code, signal }) =>
    code === 0 ? [] : [`${name} ended with ${code ?? signal}`],
  );
}
