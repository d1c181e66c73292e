import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { isNotPermitted } from "./busErrors.ts";
import type { SettingDifference } from "./settingDifferences.ts";

/** The setting of a stream that says how many copies it has. */
export const REPLICAS = "num_replicas";

const NOT_CLUSTERED = 10074;

/** These servers can never hold so many copies: a person has to choose a number, or servers, anew. */
export class ReplicasRefused extends Error {
  override readonly name = "ReplicasRefused";

  constructor(stream: string, copies: number, options?: ErrorOptions) {
    super(
      `${stream}: ${copies} copies are wanted (GRANARY_NATS_REPLICAS), and NATS is a single server, which holds one. ` +
        `Set it to 1, or make NATS a cluster of at least ${copies} servers with JetStream`,
      options,
    );
  }
}

/** What a refusal of a stream's settings means where it is for its copies; every other failure as it is. */
export function toReplicasRefused(stream: string, copies: number | undefined, error: unknown): unknown {
  return error instanceof JetStreamApiError && error.code === NOT_CLUSTERED
    ? new ReplicasRefused(stream, copies ?? 1, { cause: error })
    : error;
}

/**
 * Gives streams the number of copies that is wanted, more or fewer, and answers what was changed. NATS makes the copies
 * afterwards, while the stream is in use. What this user may not change is left as it is. May be called by many at once.
 * @throws ReplicasRefused
 */
export async function putReplicas(
  manager: JetStreamManager,
  differences: readonly SettingDifference[],
): Promise<readonly SettingDifference[]> {
  const changed: SettingDifference[] = [];
  for (const difference of differences) {
    const { of: stream, wanted } = difference;
    const copies = Number(wanted);
    try {
      await manager.streams.update(stream, { num_replicas: copies });
      changed.push(difference);
    } catch (error) {
      if (isNotPermitted(error)) continue;
      // Another replica of the service may have been faster; a change under way refuses the same one.
      const { config } = await manager.streams.info(stream);
      if (config.num_replicas !== copies) throw toReplicasRefused(stream, copies, error);
      changed.push(difference);
    }
  }
  return changed;
}
