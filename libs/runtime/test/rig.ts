/** A real store in memory, a clock that a test moves, and what the loops log. */
import type { AccountDoc, Clock, FactBody, SweepDoc } from "@granary/domain";
import { sqliteStore } from "@granary/store";
import type { SqliteStore } from "@granary/store";
import type { Log, LoopDeps, Worker } from "../src/index.ts";
import { systemIds } from "../src/index.ts";

export const START = Date.UTC(2026, 0, 5, 12);
export const ID = "openai:simulated";

/** Time that stands still until it is moved; sleepers wake when it passes them. */
export interface MovedClock extends Clock {
  move(ms: number): Promise<void>;
  /** How many sleep just now. */
  readonly sleepers: () => number;
}

export function movedClock(): MovedClock {
  let now = START;
  let sleeping: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    async sleep(ms, signal) {
      if (signal?.aborted) return;
      await new Promise<void>((resolve) => {
        const sleeper = { at: now + ms, wake: resolve };
        const leave = (): void => {
          sleeping = sleeping.filter((other) => other !== sleeper);
          resolve();
        };
        sleeping.push(sleeper);
        signal?.addEventListener("abort", leave, { once: true });
      });
    },
    async move(ms) {
      now += ms;
      const due = sleeping.filter(({ at }) => at <= now);
      sleeping = sleeping.filter(({ at }) => at > now);
      for (const { wake } of due) wake();
      await settled();
    },
    sleepers: () => sleeping.length,
  };
}

/** Lets everything that needs no clock come to its end: the store in memory and the loops settle in microtasks. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
}

export interface Rig extends LoopDeps {
  readonly store: SqliteStore;
  readonly clock: MovedClock;
  /** Messages of warnings and errors, in order. */
  readonly told: string[];
}

export async function openRig(owner = "process-1"): Promise<Rig> {
  const clock = movedClock();
  const store = sqliteStore({ path: ":memory:", clock, ids: systemIds });
  await store.ensure();
  const told: string[] = [];
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: (_fields, message) => void told.push(message),
    error: (_fields, message) => void told.push(message),
  };
  return { store, clock, log, owner, told };
}

export function anAccount(id = ID): AccountDoc {
  return { ...aHead(id), account: id, pauses: {}, learned: {} };
}

export function aSweep(id = ID): SweepDoc {
  const none = { foreign: { jobs: 0, lines: 0 }, orphans: [], lastError: null };
  return { ...aHead(id), account: id, seq: 0, startedAt: null, ...none };
}

function aHead(id: string) {
  const lease = { claim: 0, owner: null, leaseUntil: 0, strikes: 0 };
  return { id, version: 1, by: "", dueAt: START, eventSeq: 0, state: "open", ...lease } as const;
}

/** A worker over the sweeps, whose step is the test's. */
export function sweeper(
  step: Worker<"sweep">["step"],
  with_: Partial<Worker<"sweep">> = {},
): Worker<"sweep"> {
  return { name: "sweeper", kind: "sweep", duty: "monitor", leaseMs: 3_000, concurrency: 4, step, ...with_ };
}

export const FACT: FactBody = {
  type: "task.adopted",
  data: {
    taskId: "gr-1",
    account: ID,
    model: "m",
    request: null,
    lines: 1,
    jobId: "batch_1",
    provisional: false,
  },
};

/** A promise and the hand that resolves it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
