import type { Clock, DocOf, Kind, Role, Store } from "@granary/domain";
import { LeaseLost, StorageFull, StoreUnavailable } from "@granary/domain";
import { logFieldsOf, withLogFields } from "./logFields.ts";
import type { LoopObserver, StepOutcome } from "./loopObserver.ts";
import { stepSpan } from "./tracing/stepSpan.ts";
import type { Tracer } from "./tracing/tracer.ts";
import { tracerOf } from "./tracing/tracer.ts";

/** The least that a step asks of a logger; pino has it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a step is told beside the document it holds. */
export interface StepContext {
  /** Aborts when the lease is lost or the process is told to stop. Never handed to a create. */
  readonly signal: AbortSignal;
}

/** Carries one claimed document one step further, and ends in an orderly way: by a save that releases, or by `release`. */
export type Step<K extends Kind> = (held: DocOf[K], context: StepContext) => Promise<void>;

/** One kind of document that a role drives. */
export interface Worker<K extends Kind = Kind> {
  readonly name: string;
  readonly kind: K;
  readonly duty: Role;
  /** Accounts this process can use; documents of others are left alone. Absent: every account. */
  readonly accounts?: readonly string[];
  readonly leaseMs: number;
  /** Steps under way at once. */
  readonly concurrency: number;
  readonly step: Step<K>;
}

/** A worker of any kind. */
export type AnyWorker = { readonly [K in Kind]: Worker<K> }[Kind];

export interface LoopDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process among the owners. */
  readonly owner: string;
  /** Told of every step and lost lease. */
  readonly metrics?: LoopObserver;
  /** Told of the time each step takes. */
  readonly tracer?: Tracer;
  /** Called at every turn of a loop, with the loop's name: a sign of life. */
  readonly beat?: (loop: string) => void;
}

/** How long a document waits after a step that failed for a reason nobody foresaw. */
const FAILED_STEP_MS = 1_000;
const STORAGE_FULL_MS = 5_000;

/** Claims up to `limit` due documents of a worker. */
export async function claim<K extends Kind>(
  deps: LoopDeps,
  worker: Worker<K>,
  limit: number,
): Promise<readonly DocOf[K][]> {
  const { duty, accounts, leaseMs } = worker;
  return deps.store.claimDue(worker.kind, {
    duty,
    ...(accounts ? { accounts } : {}),
    owner: deps.owner,
    leaseMs,
    limit,
  });
}

/**
 * Runs one step under its lease: renews it every third, aborts the step's signal when it is lost. What each class
 * of error means is decided here and nowhere else. Never rejects.
 */
export async function runStep<K extends Kind>(
  deps: LoopDeps,
  worker: Worker<K>,
  held: DocOf[K],
  stop: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const done = new AbortController();
  const signal = AbortSignal.any([stop, lost.signal]);
  const renewing = renew(deps, worker, held, lost, done.signal);
  try {
    // Whatever the step logs, however deep, says which document it was about.
    await withLogFields(logFieldsOf(worker.kind, held), async () => traced(deps, worker, held, signal));
    deps.metrics?.stepEnded("ok");
  } catch (error) {
    const outcome = await afterFailing(deps, worker, held, error, stop);
    deps.metrics?.stepEnded(outcome);
    if (outcome === "lease_lost") deps.metrics?.leaseLost();
  } finally {
    done.abort();
    await renewing;
  }
}

async function traced<K extends Kind>(
  deps: LoopDeps,
  worker: Worker<K>,
  held: DocOf[K],
  signal: AbortSignal,
): Promise<void> {
  const span = deps.tracer ? stepSpan(worker, held) : null;
  if (!span) return worker.step(held, { signal });
  return tracerOf(deps).span(span.name, span.about, async () => worker.step(held, { signal }));
}

async function afterFailing<K extends Kind>(
  deps: LoopDeps,
  worker: Worker<K>,
  held: DocOf[K],
  error: unknown,
  stop: AbortSignal,
): Promise<StepOutcome> {
  const { log } = deps;
  const fields = { ...about(worker, held), err: error };
  if (error instanceof LeaseLost) {
    log.warn(fields, "lease lost");
    return "lease_lost";
  }
  if (error instanceof StoreUnavailable) {
    log.warn(fields, "store away");
    return "store_away";
  }
  if (stop.aborted) {
    await giveBack(deps, worker, held, 0, {});
    return "stopped";
  }
  if (error instanceof StorageFull) {
    log.error(fields, "no room for artifacts");
    await giveBack(deps, worker, held, STORAGE_FULL_MS, {});
    return "storage_full";
  }
  // The strike stays: a step that fails again and again waits longer each time, and shows.
  log.error(fields, "step failed");
  await giveBack(deps, worker, held, FAILED_STEP_MS * 2 ** Math.min(held.strikes, 11), { failed: true });
  return "failed";
}

/** What a line of the log says of the document in hand. */
function about<K extends Kind>(worker: Worker<K>, held: DocOf[K]): object {
  return { worker: worker.name, id: held.id, ...logFieldsOf(worker.kind, held) };
}

/** Gives the document back for later. Where even that fails, the lease runs out by itself. */
async function giveBack<K extends Kind>(
  { store, log }: LoopDeps,
  worker: Worker<K>,
  held: DocOf[K],
  ms: number,
  options: { readonly failed?: boolean },
): Promise<void> {
  try {
    await store.release(worker.kind, held, (await store.now()) + ms, options);
  } catch (error) {
    log.warn({ ...about(worker, held), err: error }, "lease not given back");
  }
}

async function renew<K extends Kind>(
  { store, clock, log }: LoopDeps,
  worker: Worker<K>,
  held: DocOf[K],
  lost: AbortController,
  done: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(worker.leaseMs / 3, done);
    if (done.aborted) return;
    try {
      if (await store.renew(worker.kind, held.id, held.claim, worker.leaseMs)) continue;
    } catch (error) {
      log.warn({ ...about(worker, held), err: error }, "lease not renewed");
      continue;
    }
    if (!done.aborted) lost.abort(new LeaseLost(worker.kind, held.id));
    return;
  }
}
