import type { Clock, Fault } from "@granary/domain";
import { Faulty } from "@granary/domain";
import type { ConfigSource } from "./configSource.ts";
import type { GranaryConfig } from "./granaryConfig.ts";
import { restartFaults } from "./restartFaults.ts";

const LOOK_MS = 5_000;

export interface WatchConfigOptions {
  /** The source's first reading: what it says of all that cannot change holds as long as the process. */
  readonly config: GranaryConfig;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A new configuration that may take force at once. It is whole, and differs only in what may change. */
  readonly onChange: (next: GranaryConfig) => void;
  /** Files changed, and what they say now cannot be used: all faults. The old configuration stays in force. */
  readonly onFault: (faults: readonly Fault[]) => void;
  /** Between two looks at the files. */
  readonly everyMs?: number;
}

/**
 * Looks at the files of a configuration again and again, until `signal`. Where a content changed, all of it is read and
 * checked anew: it takes force whole or not at all, and each content is told of once.
 */
export async function watchConfig(
  source: ConfigSource,
  { config, clock, signal, onChange, onFault, everyMs = LOOK_MS }: WatchConfigOptions,
): Promise<void> {
  for (;;) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    if (!source.changed()) continue;
    try {
      const next = source.read();
      const faults = restartFaults(config, next);
      if (faults.length > 0) {
        onFault(faults);
        continue;
      }
      onChange(next);
    } catch (error) {
      if (!(error instanceof Faulty)) throw error;
      onFault(error.faults);
    }
  }
}
