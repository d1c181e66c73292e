import type { Bus, Clock, Command, Reply } from "@granary/domain";

/** How commands are gathered, and when they come again. */
export interface QueueOptions {
  readonly clock: Clock;
  /** Largest batch. */
  readonly batchSize: number;
  /** How long after its first command a batch waits for more. */
  readonly gatherMs: number;
  /** How long after a handler threw its commands come again. */
  readonly retryMs: number;
}

interface Sent {
  readonly command: Command;
  readonly answer: PromiseWithResolvers<Reply>;
}

/** Commands in the order they were sent, handed out in batches. A command leaves only with its answer. */
export interface CommandQueue {
  readonly send: (command: Command) => Promise<Reply>;
  readonly commands: Bus["commands"];
}

/** An empty queue. All its waiting is done on the clock it is given. */
export function commandQueue({ clock, batchSize, gatherMs, retryMs }: QueueOptions): CommandQueue {
  const queue: Sent[] = [];
  /** Called whenever a command comes in, by each consumer that waits. */
  const listeners = new Set<() => void>();

  /** Resolves when the queue holds `length` commands, or on stop, or after `ms` where given. */
  async function grown(length: number, stop: AbortSignal, ms?: number): Promise<void> {
    if (queue.length >= length || stop.aborted) return;
    const enough = new AbortController();
    const done = Promise.withResolvers<void>();
    const finish = (): void => {
      enough.abort();
      done.resolve();
    };
    const look = (): void => {
      if (queue.length >= length) finish();
    };
    listeners.add(look);
    stop.addEventListener("abort", finish, { once: true });
    if (ms === undefined) await done.promise;
    else await clock.sleep(ms, enough.signal);
    listeners.delete(look);
    stop.removeEventListener("abort", finish);
  }

  async function handle(
    batch: readonly Sent[],
    handler: (batch: readonly Command[]) => Promise<readonly Reply[]>,
  ): Promise<boolean> {
    try {
      const replies = await handler(batch.map(({ command }) => command));
      if (replies.length !== batch.length)
        throw new Error(`${replies.length} answers to ${batch.length} commands`);
      for (const [index, { answer }] of batch.entries()) answer.resolve(replies[index]!);
      return true;
    } catch {
      // The handler reports its own faults; here the commands only stay what they are: not done yet.
      queue.unshift(...batch);
      return false;
    }
  }

  return {
    send(command) {
      const answer = Promise.withResolvers<Reply>();
      queue.push({ command, answer });
      for (const look of listeners) look();
      return answer.promise;
    },
    async commands(handler, stop) {
      while (!stop.aborted) {
        await grown(1, stop);
        await grown(batchSize, stop, gatherMs);
        // On stop what was not begun stays for the next consumer; another one may also have taken it meanwhile.
        if (stop.aborted || queue.length === 0) continue;
        const batch = queue.splice(0, batchSize);
        if (!(await handle(batch, handler))) await clock.sleep(retryMs, stop);
      }
    },
  };
}
