import type { Clock } from "@granary/domain";

/** What has arrived and is not taken yet. */
export interface Arrivals<T> {
  readonly count: () => number;
  readonly add: (item: T) => void;
  /** The oldest ones, at most so many. */
  readonly take: (most: number) => readonly T[];
  readonly all: () => readonly T[];
  /** Resolves when so many are there, when `signal` aborts, or after `ms` where given. */
  readonly reached: (count: number, signal: AbortSignal, ms?: number) => Promise<void>;
}

/** An empty queue with one waiter at a time. */
export function arrivals<T>(clock: Clock): Arrivals<T> {
  const queue: T[] = [];
  let wake: (() => void) | null = null;
  return {
    count: () => queue.length,
    add(item) {
      queue.push(item);
      wake?.();
    },
    take: (most) => queue.splice(0, most),
    all: () => queue,
    async reached(count, signal, ms) {
      if (queue.length >= count || signal.aborted) return;
      const enough = new AbortController();
      const done = Promise.withResolvers<void>();
      const finish = (): void => {
        enough.abort();
        done.resolve();
      };
      wake = () => {
        if (queue.length >= count) finish();
      };
      signal.addEventListener("abort", finish, { once: true });
      await (ms === undefined ? done.promise : clock.sleep(ms, enough.signal));
      signal.removeEventListener("abort", finish);
      wake = null;
    },
  };
}
