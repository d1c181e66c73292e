import type { Clock } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import type { NatsConnection } from "@nats-io/transport-node";
import type { BusLog } from "./connectNats.ts";
import { within } from "./whileConnected.ts";

const CLOSE_MS = 5000;

/** What becomes of a connection. After `closed` nothing comes any more: the process has to end. */
export type NatsStatus = "connected" | "disconnected" | "reconnected" | "closed";

/** A connection to NATS that comes back by itself. Disposing of it sends what is under way, then closes it. */
export interface Nats extends AsyncDisposable {
  /** The client library's own connection. */
  readonly connection: NatsConnection;
  /**
   * Resolves when the connection is closed for good: with null where we closed it, with the reason otherwise (its
   * credentials were revoked, for example). A process that needs it has to end then.
   */
  readonly closed: Promise<Error | null>;
  readonly connected: () => boolean;
  /** Of the server we are, or were last, connected to; such as `2.15.1`. */
  readonly version: () => string;
  /** Aborts when the connection to the present server is lost; what was under way may be lost then. */
  readonly session: () => AbortSignal;
  /** Resolves with true once connected, with false after `ms`, on `stop`, or when closed for good. */
  readonly whenConnected: (ms: number, stop?: AbortSignal) => Promise<boolean>;
}

/** What following a connection takes. */
export interface NatsOverOptions {
  readonly clock: Clock;
  readonly log: BusLog;
  readonly onStatus: (status: NatsStatus) => void;
}

/** Follows a connection that is open. */
export function natsOver(connection: NatsConnection, { clock, log, onStatus }: NatsOverOptions): Nats {
  let session = new AbortController();
  let version = connection.info?.version ?? "0.0.0";
  let ours = false;
  const waiting = new Set<AbortController>();
  const closed = connection.closed().then((error) => {
    session.abort();
    wake();
    onStatus("closed");
    if (ours) return null;
    const reason = error instanceof Error ? error : undefined;
    log.error({ why: String(reason ?? "closed") }, "the connection to NATS is closed for good");
    return new BusUnavailable("the connection to NATS is closed for good", { cause: reason });
  });

  function wake(): void {
    for (const waiter of waiting) waiter.abort();
    waiting.clear();
  }

  async function follow(): Promise<void> {
    for await (const { type } of connection.status())
      if (type === "disconnect" && !session.signal.aborted) {
        session.abort();
        onStatus("disconnected");
        log.warn({}, "disconnected from NATS");
      } else if (type === "reconnect") {
        session.abort();
        session = new AbortController();
        version = connection.info?.version ?? version;
        onStatus("reconnected");
        log.info({ version }, "connected to NATS again");
        wake();
      }
  }

  void follow();
  onStatus("connected");
  return {
    connection,
    closed,
    connected: () => !session.signal.aborted,
    version: () => version,
    session: () => session.signal,
    async whenConnected(ms, stop) {
      const until = clock.monotonic() + ms;
      while (session.signal.aborted) {
        const left = until - clock.monotonic();
        if (left <= 0 || stop?.aborted || connection.isClosed()) return false;
        const waiter = new AbortController();
        const leave = (): void => waiter.abort();
        waiting.add(waiter);
        stop?.addEventListener("abort", leave);
        await clock.sleep(left, waiter.signal);
        stop?.removeEventListener("abort", leave);
        waiting.delete(waiter);
      }
      return true;
    },
    async [Symbol.asyncDispose]() {
      if (connection.isClosed()) return;
      ours = true;
      // Draining waits for a server's answer; one that is away must not hold up the end of a process.
      if (!session.signal.aborted) await within(clock, CLOSE_MS, connection.drain());
      await connection.close();
      await closed;
    },
  };
}
