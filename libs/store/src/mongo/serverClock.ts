import type { Clock } from "@granary/domain";

/** How long an estimate is used before the server is asked again. */
const FRESH_MS = 5_000;

export interface ServerClock {
  /** The database's time, epoch milliseconds; asks it where the estimate is old. */
  now(): Promise<number>;
  /** The next look asks the database: another server may answer from now on, with a clock of its own. */
  forget(): void;
}

/**
 * Estimates the time of the database by this process's monotonic clock, never by its wall clock: replicas of Granary
 * may disagree about the time of day, and leases and due times are compared between them. `ask` answers the server's
 * `hello.localTime`. The estimate is behind by at most the way there and back, never ahead: who believes that it is
 * earlier than it is takes nobody's lease.
 */
export function serverClock(ask: () => Promise<number>, clock: Pick<Clock, "monotonic">): ServerClock {
  /** What to add to the monotonic clock. */
  let offset: number | undefined;
  let askedAt = 0;
  let asking: Promise<number> | undefined;

  async function refresh(): Promise<number> {
    const before = clock.monotonic();
    const localTime = await ask();
    const after = clock.monotonic();
    // The server's whole millisecond lies somewhere between the two, so the offset is one of these or between them.
    const least = localTime - after;
    const most = localTime + 1 - before;
    offset = offset === undefined ? least : Math.min(Math.max(offset, least), most);
    askedAt = after;
    return offset;
  }

  return {
    async now() {
      const isFresh = offset !== undefined && askedAt > 0 && clock.monotonic() - askedAt < FRESH_MS;
      if (!isFresh) {
        asking ??= refresh().finally(() => (asking = undefined));
        await asking;
      }
      return Math.floor((offset ?? Number.NaN) + clock.monotonic());
    },
    forget() {
      askedAt = 0;
    },
  };
}
