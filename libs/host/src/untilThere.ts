import { BusUnavailable, StoreUnavailable } from "@granary/domain";
import type { Clock } from "@granary/domain";
import type { Log } from "@granary/runtime";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** What waiting takes. */
export interface UntilThereOptions {
  /** What is waited for, for the log. */
  readonly what: string;
  readonly clock: Clock;
  readonly log: Pick<Log, "error">;
  readonly stop: AbortSignal;
}

/**
 * Tries until the store and the bus that `attempt` needs are there: a service may be started before them. Every other
 * failure is final.
 * @throws the stop's reason, where it comes first
 */
export async function untilThere<T>(
  attempt: () => Promise<T>,
  { what, clock, log, stop }: UntilThereOptions,
): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    stop.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      stop.throwIfAborted();
      if (!(error instanceof StoreUnavailable) && !(error instanceof BusUnavailable)) throw error;
      log.error({ what, retryMs: waitMs, err: error }, "not there yet, trying again");
    }
    await clock.sleep(waitMs, stop);
  }
}
