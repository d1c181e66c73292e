import type { Clock } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import { AuthorizationError, connect, type NatsConnection } from "@nats-io/transport-node";
import { credentialsPlace, type NatsAddress, shownServers, toConnectionOptions } from "./natsAddress.ts";
import { type Nats, type NatsStatus, natsOver } from "./nats.ts";

const DIAL_MS = 5000;

/** The least that the bus asks of a logger; pino has it. */
export interface BusLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger that keeps everything to itself. */
export const SILENT: BusLog = { info: () => {}, warn: () => {}, error: () => {} };

/** What a connection takes beside its address. */
export interface ConnectNatsOptions extends NatsAddress {
  /** Shown in the server's monitoring. */
  readonly name: string;
  readonly clock: Clock;
  readonly log?: BusLog;
  /** Hears of every change, for metrics. */
  readonly onStatus?: (status: NatsStatus) => void;
  /** Ends the waiting for a server that is not there yet. */
  readonly stop?: AbortSignal;
  /** How long a first connection is tried for; for ever where it is left out. */
  readonly giveUpMs?: number;
  /** Between two tries, plus up to as much again by chance; a second where it is left out. */
  readonly retryMs?: number;
}

/**
 * Connects to NATS, and stays connected: a server that is away is tried again for ever, at the start and later.
 * @throws BusUnavailable where the credentials are refused, after `giveUpMs`, or on `stop`
 * @throws Faulty where a file that is named cannot be used
 */
export async function connectNats(options: ConnectNatsOptions): Promise<Nats> {
  const { name, clock, log = SILENT, onStatus, stop, giveUpMs, retryMs = 1000 } = options;
  const servers = shownServers(options);
  const until = giveUpMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + giveUpMs;
  for (;;) {
    const tried = await dial(options, name, retryMs);
    if ("connection" in tried) {
      log.info({ servers, version: tried.connection.info?.version }, "connected to NATS");
      return natsOver(tried.connection, { clock, log, onStatus: onStatus ?? (() => {}) });
    }
    if (isRefusal(tried.error))
      throw new BusUnavailable(
        `NATS at ${servers} refused the credentials; look at ${credentialsPlace(options)}`,
        { cause: tried.error },
      );
    if (clock.monotonic() >= until || stop?.aborted)
      throw new BusUnavailable(`NATS at ${servers} does not answer; look at NATS_URL`, {
        cause: tried.error,
      });
    log.warn({ servers, why: String(tried.error) }, "NATS does not answer, trying again");
    await clock.sleep(Math.min(retryMs * (1 + Math.random()), Math.max(until - clock.monotonic(), 0)), stop);
  }
}

async function dial(
  address: NatsAddress,
  name: string,
  retryMs: number,
): Promise<{ readonly connection: NatsConnection } | { readonly error: unknown }> {
  const options = toConnectionOptions(address);
  try {
    return {
      connection: await connect({
        ...options,
        name,
        timeout: DIAL_MS,
        // The default gives up after ten tries, and a process that looks well would then hear nothing for ever.
        maxReconnectAttempts: -1,
        reconnectTimeWait: retryMs,
        reconnectJitter: retryMs,
        reconnectJitterTLS: retryMs,
        // A server that went away without a word is noticed in half a minute, not in four.
        pingInterval: 10_000,
        maxPingOut: 2,
      }),
    };
  } catch (error) {
    return { error };
  }
}

/** A time-out is said in the same class, and passes. */
function isRefusal(error: unknown): boolean {
  return error instanceof AuthorizationError && !/timeout/i.test(error.message);
}
