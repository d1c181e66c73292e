import { join } from "node:path";
import type { RequestDoc } from "@granary/domain";
import type { StackOptions } from "@granary/stack";
import type { DistributedSite } from "../distributed/distributedSite.ts";
import { GRANARY, openDistributedSite } from "../distributed/distributedSite.ts";
import { itemsOf } from "../e2e/mixedRequests.ts";
import type { Finished, Rig } from "../e2e/rig.ts";
import type { ConfigVersion, VersionOptions } from "./configVersion.ts";
import { writeVersion } from "./configVersion.ts";
import type { LiveSide, ProviderName } from "./liveSide.ts";
import { MODELS, startLiveSide } from "./liveSide.ts";

const READY_MS = 120_000;
/** Long enough that a service is restarted while jobs run. */
export const SLOW = { pace: { validatingMs: 50, jobMs: 4_000, lineMs: 0, finalizingMs: 50, jitter: 0 } };
export const BRISK = { pace: { validatingMs: 50, jobMs: 400, lineMs: 0, finalizingMs: 50, jitter: 0 } };

/** What a rehearsal is made of. */
export interface RehearsalOptions {
  readonly store: StackOptions["store"];
  /** Of each service. */
  readonly replicas: number;
}

/** Services that are taken from one version of the configuration to another while they work, and who sends them work. */
export interface Rehearsal {
  readonly site: DistributedSite;
  readonly live: LiveSide;
  /** What is in force, for new work and for commands. */
  readonly version: () => ConfigVersion;
  readonly write: (options: VersionOptions) => ConfigVersion;
  /** Restarts one process after the other with a version, each once the one before is ready. */
  readonly roll: (to: ConfigVersion) => Promise<void>;
  /** Runs one command to its end, with the version in force or another one. */
  readonly granary: (args: readonly string[], of?: ConfigVersion) => Promise<Finished>;
  /** Submits a request of a provider's default account, or of one that is named. @throws where it is not accepted */
  readonly submit: (requestId: string, provider: ProviderName, more?: object) => Promise<void>;
  /** Waits for the ends of requests. @throws where one has not succeeded as a whole */
  readonly succeed: (...requestIds: readonly string[]) => Promise<readonly RequestDoc[]>;
}

/** So many items a request has. */
const ITEMS = 12;

/** Opens it with everything simulated, in a rig's folder. It goes with the rig. */
export async function openRehearsal(rig: Rig, { store, replicas }: RehearsalOptions): Promise<Rehearsal> {
  const live = await startLiveSide(rig, BRISK);
  const write = (options: VersionOptions) => writeVersion(join(rig.folder, "versions"), live.url, options);
  let version = write({ name: "all simulated", live: [] });
  const site = await openDistributedSite(rig, { store, scenario: BRISK, replicas, env: version.env });
  const { stack } = site;

  return {
    site,
    live,
    version: () => version,
    write,
    async roll(to) {
      // Who watches and harvests comes before who creates: no job is created that nobody has the account of.
      for (const role of ["harvester", "monitor", "submitter"])
        for (const service of stack.services.filter(({ service: of }) => of === role)) {
          const { code, signal } = await service.stop();
          if (code !== 0) throw new Error(`${service.name} ended with ${code ?? signal}: ${service.logPath}`);
          service.start(to.env);
          await service.becomesReady(READY_MS);
        }
      version = to;
    },
    granary: async (args, of = version) =>
      rig.node([GRANARY, ...args], { env: { ...stack.env, ...of.env, GRANARY_LOG_LEVEL: "fatal" } }).finish(),
    async submit(requestId, provider, more = {}) {
      const items = itemsOf(ITEMS, `${requestId}: say something about`);
      const reply = await site.caller.submit({
        requestId,
        provider,
        model: MODELS[provider],
        items,
        maxCostUsd: 1,
        ...more,
      });
      if (reply.status !== "accepted")
        throw new Error(`${requestId} was not accepted: ${JSON.stringify(reply)}`);
    },
    async succeed(...requestIds) {
      const ended = await Promise.all(requestIds.map(async (requestId) => site.ends(requestId)));
      for (const { requestId, result } of ended)
        if (result !== "succeeded") throw new Error(`${requestId} ended ${result}`);
      return ended;
    },
  };
}
