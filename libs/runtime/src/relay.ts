import type { Bus, Store } from "@granary/domain";
import type { WorkersDeps } from "./runWorkers.ts";

const PAGE = 500;

/**
 * One turn of the outbox relay: publishes what the store holds and drops it. A crash between the two publishes it
 * again under the same id. Answers how many facts went out.
 */
export async function relayOnce(store: Store, bus: Bus): Promise<number> {
  const pending = await store.pendingFacts(PAGE);
  if (pending.length === 0) return 0;
  const facts = pending.map(({ fact }) => fact);
  await bus.publish(facts);
  await store.dropFacts(facts.map(({ id }) => id));
  return facts.length;
}

/** Relays until `stop`, and once more after it. */
export async function runRelay(
  { store, log, bell, idleMs, beat }: WorkersDeps,
  bus: Bus,
  stop: AbortSignal,
): Promise<void> {
  const wait = bell.listener();
  for (;;) {
    beat?.("relay");
    let sent = 0;
    try {
      sent = await relayOnce(store, bus);
    } catch (error) {
      log.warn({ err: error }, "facts not relayed");
    }
    if (sent === PAGE) continue;
    if (stop.aborted) return;
    await wait(idleMs, stop);
  }
}
