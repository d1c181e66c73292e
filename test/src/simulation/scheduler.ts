import type { Clock } from "@granary/domain";
import type { Random } from "./random.ts";

/** A simulated process: whatever it does goes through turns, so that it can be stopped between any two of them. */
export interface Process {
  readonly name: string;
  /** Dead: its next turn never comes. */
  dead: boolean;
  /** Frozen until this instant of virtual time. */
  frozenUntil: number;
  /** Between its last look and the POST: a pause here is what the quiet period is for, and must be shorter. */
  posting: boolean;
  /** The store's method it called last: after some of them misfortune hurts most. */
  lastCall: string;
  /** How readily it gets its turns, against 1: a slow process is overtaken in the middle of what it does. */
  readonly pace: number;
  readonly clock: Clock;
}

interface Waiting {
  readonly process: Process;
  readonly at: number;
  readonly go: () => void;
}

/**
 * Runs processes one turn at a time, in an order that the seed draws, on a virtual clock. Between two turns the
 * process that had one runs until it waits again: nothing in it may wait for anything but a turn.
 */
export interface Scheduler {
  readonly now: () => number;
  /** How many turns were given so far. */
  readonly turns: () => number;
  process(name: string): Process;
  /** Resolves when it is this process's turn. Never, where it has died meanwhile. */
  turn(process: Process): Promise<void>;
  /** Gives one turn, and says whose it was; null where nobody waits for one. */
  step(): Promise<Process | null>;
}

function readyAt({ at, process }: Waiting): number {
  return Math.max(at, process.frozenUntil);
}

const PACES = [1, 1, 0.3, 0.08];

function pickByPace(ready: readonly Waiting[], chance: Random): Waiting {
  const sum = ready.reduce((total, { process }) => total + process.pace, 0);
  let left = chance.next() * sum;
  for (const entry of ready) {
    left -= entry.process.pace;
    if (left < 0) return entry;
  }
  return chance.pick(ready);
}

/** Longest time a turn takes, in virtual milliseconds. */
const TURN_MS = 12;

export function scheduler(chance: Random, startAt: number): Scheduler {
  let now = startAt;
  let turns = 0;
  let waiting: Waiting[] = [];

  const wait = async (process: Process, at: number): Promise<void> =>
    new Promise<void>((go) => {
      if (!process.dead) waiting.push({ process, at, go });
    });

  function clockOf(owner: () => Process): Clock {
    return {
      now: () => now,
      monotonic: () => now,
      async sleep(ms, signal) {
        if (signal?.aborted) return;
        const process = owner();
        await new Promise<void>((resolve) => {
          if (process.dead) return;
          const entry: Waiting = {
            process,
            at: now + ms,
            go: () => {
              signal?.removeEventListener("abort", abort);
              resolve();
            },
          };
          const abort = (): void => {
            waiting = waiting.filter((candidate) => candidate !== entry);
            resolve();
          };
          signal?.addEventListener("abort", abort, { once: true });
          waiting.push(entry);
        });
      },
    };
  }

  return {
    now: () => now,
    turns: () => turns,
    process(name) {
      const pace = chance.pick(PACES);
      const made: Process = {
        name,
        pace,
        dead: false,
        frozenUntil: 0,
        posting: false,
        lastCall: "",
        clock: clockOf(() => made),
      };
      return made;
    },
    turn: async (process) => wait(process, now),
    async step() {
      waiting = waiting.filter(({ process }) => !process.dead);
      if (waiting.length === 0) return null;
      let ready = waiting.filter((entry) => readyAt(entry) <= now);
      if (ready.length === 0) {
        now = Math.min(...waiting.map(readyAt));
        ready = waiting.filter((entry) => readyAt(entry) <= now);
      }
      const chosen = pickByPace(ready, chance);
      waiting = waiting.filter((entry) => entry !== chosen);
      turns += 1;
      now += 1 + chance.below(TURN_MS);
      chosen.go();
      // Everything that follows from this turn happens in microtasks; the next macrotask comes after all of them.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      return chosen.process;
    },
  };
}
