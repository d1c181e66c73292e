import type { Clock } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import { createInbox, type Msg } from "@nats-io/transport-node";
import { type Delivery, toDelivery } from "./delivery.ts";
import type { Nats } from "./nats.ts";
import { within } from "./whileConnected.ts";

const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5000;
const DRAIN_MS = 2000;
const QUIET_MS = 250;
const STEP_MS = 10;

const HEARTBEAT = 100;
/** Nothing there, or the time of a request is up: ask again. */
const OVER = new Set([404, 408]);

/** What pulling takes. Nothing in it may throw. */
export interface PullOptions {
  readonly nats: Nats;
  readonly clock: Clock;
  readonly stream: string;
  readonly consumer: string;
  /** How many messages there is room for. */
  readonly room: () => number;
  readonly onDelivery: (delivery: Delivery) => void;
  /** Called at most once: no more will come, and all has to be opened anew. */
  readonly onBroken: (error: BusUnavailable) => void;
}

/** Messages on their way from a consumer. */
export interface Pull {
  /** Asks for as many as there is room for, where nothing is asked for yet. */
  readonly more: () => void;
  /** Asks for nothing more, and resolves when what was under way has been delivered. */
  readonly close: () => Promise<void>;
}

/**
 * Pulls messages of a durable consumer: one request at a time, for no more than there is room for, so that every
 * message the server has handed out is known to whoever has to keep it from expiring. (The client library's `consume`
 * keeps some to itself, and lets those go that arrive while it stops.)
 */
export function openPull({ nats, clock, stream, consumer, room, onDelivery, onBroken }: PullOptions): Pull {
  const { connection } = nats;
  const session = nats.session();
  const inbox = createInbox();
  let toCome = 0;
  let pending = 0;
  let ended = false;
  let silence: NodeJS.Timeout | undefined;
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => (error ? broken(error.message) : hear(message)),
  });

  function hear(message: Msg): void {
    heardSomething();
    if (message.subject === inbox) return hearStatus(message);
    const delivery = toDelivery(message);
    if (!delivery) return;
    toCome -= 1;
    pending = delivery.pending;
    onDelivery(delivery);
    more();
  }

  function hearStatus({ headers }: Msg): void {
    const code = headers?.code ?? 0;
    if (code === HEARTBEAT) return;
    if (OVER.has(code)) {
      toCome = 0;
      more();
    } else broken(`${code} ${headers?.description ?? ""}`.trim());
  }

  function more(): void {
    const batch = room();
    if (ended || toCome > 0 || batch <= 0 || connection.isClosed()) return;
    toCome = batch;
    heardSomething();
    const request = { batch, expires: EXPIRES_MS * 1_000_000, idle_heartbeat: HEARTBEAT_MS * 1_000_000 };
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), {
      reply: inbox,
    });
  }

  /** While something is asked for the server says at least that it is there. */
  function heardSomething(): void {
    clearTimeout(silence);
    if (ended || toCome <= 0) return;
    silence = setTimeout(() => broken("it says nothing any more"), 2 * HEARTBEAT_MS + 1000);
  }

  function lost(): void {
    broken("the connection is lost");
  }

  /**
   * What a server has handed out and not yet sent it throws away when nobody listens any more. So while it has more for
   * us we go on listening, until we have what we asked for, or others seem to get it.
   */
  async function quiet(): Promise<void> {
    let before = toCome;
    let quietSince = clock.monotonic();
    for (;;) {
      await connection.flush();
      if (toCome <= 0 || session.aborted) return;
      if (toCome < before) quietSince = clock.monotonic();
      else if (pending <= 0 || clock.monotonic() - quietSince > QUIET_MS) return;
      before = toCome;
      await clock.sleep(STEP_MS);
    }
  }

  function end(): void {
    ended = true;
    clearTimeout(silence);
    session.removeEventListener("abort", lost);
  }

  function broken(why: string): void {
    if (ended) return;
    end();
    onBroken(new BusUnavailable(`the consumer ${consumer} of ${stream} has stopped: ${why}`));
  }

  session.addEventListener("abort", lost);
  if (session.aborted) queueMicrotask(lost);
  else more();
  return {
    more,
    async close() {
      const unanswered = toCome > 0;
      end();
      if (subscription.isClosed()) return;
      if (session.aborted) return subscription.unsubscribe();
      await within(clock, DRAIN_MS, quiet());
      await within(clock, DRAIN_MS, subscription.drain());
      // A request that nobody waits for any more stays with the server until it is looked through; servers before 2.10
      // lose one message to it for a while when it is given back. To tell about a consumer they look them through.
      if (unanswered)
        await within(
          clock,
          DRAIN_MS,
          connection.request(`$JS.API.CONSUMER.INFO.${stream}.${consumer}`, "", { timeout: DRAIN_MS }),
        );
    },
  };
}
