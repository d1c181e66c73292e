import type { Bus, Clock, DeadLetter } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import type { BusLog } from "./connectNats.ts";
import type { EnsuredStreams } from "./ensureStreams.ts";
import { handleDeliveries } from "./handleDeliveries.ts";
import type { Nats } from "./nats.ts";
import { openIntake } from "./openIntake.ts";
import type { Streams } from "./streams.ts";

const CONNECT_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;

/** What taking commands takes. */
export interface ConsumeCommandsDeps {
  readonly nats: Nats;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly log: BusLog;
  readonly ensure: () => Promise<EnsuredStreams>;
  /** Keeps dead letters; resolves once they are durable. */
  readonly dead: (letters: readonly DeadLetter[]) => Promise<void>;
  /** Whether the store answers. */
  readonly available: () => Promise<boolean>;
  readonly batchSize: number;
  readonly gatherMs: number;
  readonly retryMs: number;
  readonly maxCommandBytes: number;
}

/**
 * Takes commands until `stop`: opens the consumer, hands batches over, and opens it anew whenever it stopped, the
 * server was away or wiped, or a handler threw. While the store is away nothing is taken.
 * @throws BusUnavailable where the connection is closed for good
 */
export const consumeCommands =
  (deps: ConsumeCommandsDeps): Bus["commands"] =>
  async (handler, stop) => {
    const { nats, clock, log, ensure, available, batchSize, gatherMs, retryMs } = deps;
    /** A command that makes every batch fail is found by halving, so that the others go on. */
    let size = batchSize;
    let failures = 0;

    while (!stop.aborted) {
      if (nats.connection.isClosed())
        throw new BusUnavailable("no commands can be taken: the connection to NATS is closed for good");
      try {
        if (!(await nats.whenConnected(CONNECT_MS, stop))) continue;
        await takeUntilTrouble();
      } catch (error) {
        failures += 1;
        log.warn({ err: error }, "commands are not taken, trying again");
      }
      const wait = Math.min(retryMs * 2 ** Math.max(failures - 1, 0), LONGEST_WAIT_MS);
      if (!stop.aborted) await clock.sleep(wait, stop);
      while (!stop.aborted && !(await available().catch(() => false))) await clock.sleep(retryMs, stop);
    }

    async function takeUntilTrouble(): Promise<void> {
      const { commandsCreatedAt } = await ensure();
      await using intake = openIntake(deps, commandsCreatedAt, stop);
      for (;;) {
        await intake.reached(1);
        await intake.reached(size, gatherMs);
        if (intake.ended()) return;
        const batch = intake.take(size);
        try {
          await handleDeliveries(deps, batch, handler);
          failures = 0;
          size = Math.min(size * 2, batchSize);
        } catch (error) {
          failures += 1;
          const alone = size === 1;
          size = Math.max(Math.floor(Math.min(size, batch.deliveries.length) / 2), 1);
          // One that fails by itself steps aside for longer each time; a batch goes to whoever can do it now.
          if (alone) intake.postpone(retryMs * 2 ** Math.min(batch.deliveries[0]?.deliveries ?? 1, 5));
          throw error;
        }
      }
    }
  };
