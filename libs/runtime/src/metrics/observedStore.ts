import type { Clock, Kind, Saved, SaveOp, SaveOptions, Store } from "@granary/domain";
import { noteWrite } from "./noteWrite.ts";
import type { Write } from "./noteWrite.ts";
import type { Metrics } from "./openMetrics.ts";
import type { StoreOperation } from "./storeOperations.ts";
import { STORE_OPERATIONS } from "./storeOperations.ts";

type Call = (...args: unknown[]) => Promise<unknown>;

/**
 * The store, with its calls timed and its writes counted. Everything else of it, also what only this adapter has, is
 * as it was.
 */
export function observedStore<S extends Store>(
  store: S,
  metrics: Pick<Metrics, "service" | "work" | "process">,
  clock: Pick<Clock, "monotonic">,
): S {
  const { service, work, process } = metrics;

  function timed(op: StoreOperation): Call {
    const call = store[op].bind(store) as Call;
    return async (...args) => {
      const beganAt = clock.monotonic();
      try {
        const answer = await call(...args);
        note(op, args, answer);
        return answer;
      } catch (error) {
        process.storeFailures.inc({ service });
        throw error;
      } finally {
        process.storeDuration.observe({ op }, (clock.monotonic() - beganAt) / 1000);
      }
    };
  }

  function note(op: StoreOperation, args: readonly unknown[], answer: unknown): void {
    if (op === "claimDue") {
      const count = (answer as readonly unknown[]).length;
      process.claims.inc({ service, kind: args[0] as Kind }, count);
    } else for (const write of writesOf(op, args, answer)) noteWrite(work, service, write);
  }

  const calls = new Map<PropertyKey, Call>(STORE_OPERATIONS.map((op) => [op, timed(op)]));
  return new Proxy(store, {
    get: (target, name) => calls.get(name) ?? (Reflect.get(target, name) as unknown),
  });
}

/** The compare-and-sets of a call, each with its answer. */
function writesOf(op: StoreOperation, args: readonly unknown[], answer: unknown): readonly Write<Kind>[] {
  if (op === "save") {
    const [kind, held, next, options = {}] = args as [Kind, ...SaveArguments];
    return [{ kind, held, next, options, result: answer as Saved<Write<Kind>["held"]> }];
  }
  if (op !== "saveMany") return [];
  const [kind, ops] = args as [Kind, readonly SaveOp<Kind>[]];
  const results = answer as readonly Saved<Write<Kind>["held"]>[];
  return ops.flatMap(({ held, next, options }, at) => {
    const result = results[at];
    return result ? [{ kind, held, next, options, result }] : [];
  });
}

type SaveArguments = [held: Write<Kind>["held"], next: Write<Kind>["next"], options?: SaveOptions];
