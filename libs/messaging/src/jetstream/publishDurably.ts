import type { Clock } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import { JetStreamApiError, jetstream, type PubAck } from "@nats-io/jetstream";
import { headers as newHeaders, InvalidArgumentError, type MsgHdrs } from "@nats-io/transport-node";
import { isNoStream, MessageTooLarge, toBusUnavailable } from "./busErrors.ts";
import type { Nats } from "./nats.ts";
import { whileConnected } from "./whileConnected.ts";

const ACK_MS = 5000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;
const MESSAGE_TOO_LARGE = 10054;

/** A message that has to be on disk with the server before anything goes on. */
export interface DurableMessage {
  readonly clock: Clock;
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers?: MsgHdrs;
  /** By which the server knows a repeat of it. */
  readonly messageId?: string;
  /** The stream that has to take it: another one that catches its subject is a fault. */
  readonly stream: string;
  /** How long it is tried for. */
  readonly forMs: number;
  /** Called where nothing keeps the subject: makes the stream, perhaps. */
  readonly onNoStream?: () => Promise<unknown>;
  readonly signal?: AbortSignal;
}

/**
 * Publishes a message and resolves once its stream has it, trying again over outages: a leader's death takes seconds,
 * a restart longer. The answer says whether it was there already, and whether it took several tries.
 * @throws MessageTooLarge at once
 * @throws BusUnavailable after `forMs`; the message may be there all the same
 */
export async function publishDurably(
  nats: Nats,
  message: DurableMessage,
): Promise<{ readonly ack: PubAck; readonly tries: number }> {
  const { clock, subject, forMs, onNoStream, signal } = message;
  const until = clock.monotonic() + forMs;
  let last: unknown = new BusUnavailable("NATS is not connected");
  for (let tries = 1; ; tries += 1) {
    const left = until - clock.monotonic();
    if (!(await nats.whenConnected(left, signal)))
      throw toBusUnavailable(`nothing published on ${subject}`, last);
    try {
      return { ack: await publishOnce(nats, message), tries };
    } catch (error) {
      if (error instanceof MessageTooLarge) throw error;
      last = error;
    }
    if (isNoStream(last)) await onNoStream?.().catch((error: unknown) => (last = error));
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS) * (0.5 + Math.random());
    if (signal?.aborted || clock.monotonic() + wait >= until)
      throw toBusUnavailable(`nothing published on ${subject}`, last);
    await clock.sleep(wait, signal);
  }
}

async function publishOnce(
  nats: Nats,
  { subject, bytes, headers, messageId, stream }: DurableMessage,
): Promise<PubAck> {
  try {
    // The library adds its own headers to the ones it is given.
    const own = newHeaders();
    for (const [name, values] of headers ?? []) for (const value of values) own.append(name, value);
    return await whileConnected(nats, () =>
      jetstream(nats.connection).publish(subject, bytes, {
        headers: own,
        expect: { streamName: stream },
        timeout: ACK_MS,
        ...(messageId === undefined ? {} : { msgID: messageId }),
      }),
    );
  } catch (error) {
    const limit = nats.connection.info?.max_payload ?? 0;
    if (error instanceof InvalidArgumentError && error.message.includes("max_payload"))
      throw new MessageTooLarge(subject, bytes.byteLength, `the server's max_payload of ${limit} bytes`, {
        cause: error,
      });
    if (error instanceof JetStreamApiError && error.code === MESSAGE_TOO_LARGE)
      throw new MessageTooLarge(subject, bytes.byteLength, `the max_msg_size of ${stream}`, { cause: error });
    throw error;
  }
}
