import type { Clock } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import type { Nats } from "./nats.ts";

/**
 * Asks the server something, and does not wait for an answer that was lost with the connection.
 * @throws BusUnavailable as soon as the connection is lost
 */
export async function whileConnected<T>(nats: Pick<Nats, "session">, ask: () => Promise<T>): Promise<T> {
  const session = nats.session();
  const lost = Promise.withResolvers<never>();
  const lose = (): void => lost.reject(new BusUnavailable("the connection was lost before the answer"));
  session.addEventListener("abort", lose);
  if (session.aborted) lose();
  try {
    return await Promise.race([ask(), lost.promise]);
  } finally {
    session.removeEventListener("abort", lose);
  }
}

/** Waits for something, with or without success, but no longer than `ms`. */
export async function within(clock: Clock, ms: number, waited: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  await Promise.race([waited.then(end, end), clock.sleep(ms, over.signal)]);
}
