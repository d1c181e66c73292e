import type { Bus, Clock, Command, Fact, Reply } from "@granary/domain";
import { commandQueue } from "./commandQueue.ts";
import type { Journal } from "./journal.ts";

/** What a bus in this process can be told. */
export interface MemoryBusOptions {
  readonly clock: Clock;
  /** Where published facts are kept; without one they are only heard. */
  readonly journal?: Journal;
  /** Most commands a handler gets at a time; 500 where it is left out. */
  readonly batchSize?: number;
  /** How long after its first command a batch waits for more; 20 ms where it is left out. */
  readonly gatherMs?: number;
  /** How long after a handler threw its commands come again; a second where it is left out. */
  readonly retryMs?: number;
  /** Hears what a wake handler throws, which goes nowhere else. */
  readonly onFault?: (error: unknown) => void;
}

/** A bus within one process, which is also where commands are sent from. */
export interface MemoryBus extends Bus {
  /** Resolves with the answer, once a handler has given one. What still waits when the process ends is lost. */
  readonly send: (command: Command) => Promise<Reply>;
}

/**
 * A bus in this process. It never waits but on the clock it is given, so that a simulation decides when time passes.
 * The journal stays the caller's, to be closed after the last publish.
 */
export function memoryBus({
  clock,
  journal,
  batchSize = 500,
  gatherMs = 20,
  retryMs = 1000,
  onFault = () => {},
}: MemoryBusOptions): MemoryBus {
  const hearers = new Set<(fact: Fact) => void>();
  const { send, commands } = commandQueue({ clock, batchSize, gatherMs, retryMs });

  function ring(hear: (fact: Fact) => void, fact: Fact): void {
    try {
      hear(fact);
    } catch (error) {
      // A fact is only a hint; nobody's failure to hear it may keep it from others.
      onFault(error);
    }
  }

  return {
    send,
    commands,
    async publish(facts) {
      await journal?.append(facts);
      for (const fact of facts) for (const hear of hearers) ring(hear, fact);
    },
    async wake(handler, stop) {
      if (stop.aborted) return;
      // A function of its own: one handler may be given twice.
      const hear = (fact: Fact): void => handler(fact);
      hearers.add(hear);
      await new Promise<void>((resolve) => {
        const leave = (): void => {
          hearers.delete(hear);
          resolve();
        };
        stop.addEventListener("abort", leave, { once: true });
      });
    },
  };
}
