import { arrivals } from "./arrivals.ts";
import type { ConsumeCommandsDeps } from "./consumeCommands.ts";
import { ACK, type Delivery, notDone, WORKING } from "./delivery.ts";
import { commandsCreatedAt } from "./ensureStreams.ts";
import { openPull } from "./openPull.ts";
import { COMMAND_CONSUMER } from "./streams.ts";
import { within } from "./whileConnected.ts";

const SETTLE_MS = 5000;

/** Messages that are in hand. */
export interface HeldBatch {
  readonly deliveries: readonly Delivery[];
  /** Resolves once the acknowledgements are sent; a lost one only means that the message comes again. */
  readonly acknowledge: (done: readonly Delivery[]) => Promise<void>;
}

/** An open consumer with what it has handed out. Disposing of it gives back all that is not acknowledged. */
export interface Intake extends AsyncDisposable {
  /** Resolves when so many are waiting, after `ms` where given, or when it has ended. */
  readonly reached: (count: number, ms?: number) => Promise<void>;
  readonly ended: () => boolean;
  readonly take: (most: number) => HeldBatch;
  /** What is in hand is not handed out again before so long, to anybody; at once where this is not called. */
  readonly postpone: (ms: number) => void;
}

type Deps = Pick<ConsumeCommandsDeps, "nats" | "streams" | "clock" | "log" | "batchSize">;

/**
 * Opens the consumer of commands. Up to a batch waits here while another one is in hand; none of them expires however
 * long that takes, for the server is told of each that it is being worked on.
 */
export function openIntake(
  { nats, streams, clock, log, batchSize }: Deps,
  createdAt: string,
  stop: AbortSignal,
): Intake {
  const waiting = arrivals<Delivery>(clock);
  const inHand = new Set<Delivery>();
  const ended = new AbortController();
  const session = nats.session();
  let isBroken = false;
  let delayMs = 0;
  const end = (): void => ended.abort();
  stop.addEventListener("abort", end);
  if (stop.aborted) end();

  const pull = openPull({
    nats,
    clock,
    stream: streams.commandStream,
    consumer: COMMAND_CONSUMER,
    room: () =>
      ended.signal.aborted ? 0 : Math.min(batchSize, 2 * batchSize - waiting.count() - inHand.size),
    onDelivery: waiting.add,
    onBroken(error) {
      isBroken = true;
      log.warn({ why: error.message }, "the consumer of commands has stopped");
      end();
    },
  });
  const closed = new AbortController();
  const renewing = renew();

  async function renew(): Promise<void> {
    for (;;) {
      await clock.sleep(streams.ackWaitMs / 3, closed.signal);
      if (closed.signal.aborted) return;
      if (!isBroken) say([...waiting.all(), ...inHand], WORKING);
    }
  }

  function say(deliveries: readonly Delivery[], what: string): void {
    // Closed under us: what cannot be said any more only means that the messages come again.
    if (nats.connection.isClosed() || nats.connection.isDraining()) return;
    for (const { reply } of deliveries) nats.connection.publish(reply, what);
  }

  /**
   * Whether what we say still means the messages we were handed. A stream that was made anew counts from 1 again, and
   * an acknowledgement of an old message would take a new one out unseen.
   */
  async function isSameStream(): Promise<boolean> {
    if (!isBroken && !session.aborted) return true;
    if (!(await nats.whenConnected(SETTLE_MS))) return false;
    return (await commandsCreatedAt(nats, streams).catch(() => null)) === createdAt;
  }

  function take(most: number): HeldBatch {
    const deliveries = waiting.take(most);
    for (const delivery of deliveries) inHand.add(delivery);
    pull.more();
    return {
      deliveries,
      async acknowledge(done) {
        if (await isSameStream()) say(done, ACK);
        for (const delivery of done) inHand.delete(delivery);
        pull.more();
      },
    };
  }

  return {
    reached: (count, ms) => waiting.reached(count, ended.signal, ms),
    ended: () => ended.signal.aborted,
    take,
    postpone(ms) {
      delayMs = ms;
    },
    async [Symbol.asyncDispose]() {
      end();
      stop.removeEventListener("abort", end);
      // First closed, then given back: otherwise they would come back to us.
      await pull.close();
      if (inHand.size + waiting.count() > 0 && (await isSameStream())) {
        say([...inHand], notDone(delayMs));
        say(waiting.all(), notDone());
      }
      closed.abort();
      await renewing;
      if (nats.connected()) await within(clock, SETTLE_MS, nats.connection.flush());
    },
  };
}
