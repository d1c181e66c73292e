import type { Bus, Clock, Fact } from "@granary/domain";
import type { BusLog } from "./connectNats.ts";
import type { Nats } from "./nats.ts";
import { openPull } from "./openPull.ts";
import { type Streams, wakeConsumer } from "./streams.ts";

const CONNECT_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;
const ROOM = 500;

/** What being woken takes. */
export interface WakeListenersDeps {
  readonly nats: Nats;
  readonly streams: Streams;
  readonly service: string;
  readonly clock: Clock;
  readonly log: BusLog;
  readonly retryMs: number;
  readonly ensure: () => Promise<unknown>;
}

/**
 * Lets everybody in this process who wants to be woken hear each fact that this process is handed. One consumer serves
 * them all; it is opened with the first and closed with the last, and opened anew whenever it stops.
 */
export function wakeListeners(deps: WakeListenersDeps): Bus["wake"] {
  const { nats, streams, service, clock, log, retryMs, ensure } = deps;
  const hearers = new Set<(fact: Fact) => void>();
  let listening: { readonly done: Promise<void>; readonly stop: AbortController } | null = null;

  function ring(data: Uint8Array): void {
    const fact = factOf(data);
    if (!fact) return;
    for (const hear of hearers)
      try {
        hear(fact);
      } catch (error) {
        // A fact is only a hint; nobody's failure to hear it may keep it from others.
        log.warn({ err: error }, "a listener failed");
      }
  }

  async function listenOnce(stop: AbortSignal): Promise<void> {
    await ensure();
    const ended = Promise.withResolvers<void>();
    const end = (): void => ended.resolve();
    stop.addEventListener("abort", end);
    if (stop.aborted) end();
    const pull = openPull({
      nats,
      clock,
      stream: streams.factStream,
      consumer: wakeConsumer(service),
      room: () => (stop.aborted ? 0 : ROOM),
      onDelivery: ({ data }) => ring(data),
      onBroken(error) {
        log.warn({ why: error.message }, "the consumer of facts has stopped");
        end();
      },
    });
    await ended.promise;
    stop.removeEventListener("abort", end);
    await pull.close();
  }

  async function listen(stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted && !nats.connection.isClosed();) {
      try {
        if (!(await nats.whenConnected(CONNECT_MS, stop))) continue;
        await listenOnce(stop);
        failures = 0;
      } catch (error) {
        failures += 1;
        log.warn({ err: error }, "facts are not heard, trying again");
      }
      await clock.sleep(Math.min(retryMs * 2 ** failures, LONGEST_WAIT_MS), stop);
    }
  }

  return async (handler, stop) => {
    if (stop.aborted) return;
    // A function of its own: one handler may be given twice.
    const hear = (fact: Fact): void => handler(fact);
    hearers.add(hear);
    if (!listening) {
      const own = new AbortController();
      listening = { stop: own, done: listen(own.signal) };
    }
    const mine = listening;
    await new Promise<void>((resolve) => {
      stop.addEventListener("abort", () => resolve(), { once: true });
    });
    hearers.delete(hear);
    if (hearers.size > 0) return;
    mine.stop.abort();
    if (listening === mine) listening = null;
    await mine.done;
  };
}

function factOf(data: Uint8Array): Fact | null {
  try {
    const fact = JSON.parse(new TextDecoder().decode(data)) as Partial<Fact> | null;
    return typeof fact?.id === "string" && typeof fact.type === "string" ? (fact as Fact) : null;
  } catch {
    return null;
  }
}
