import type { Msg, MsgHdrs } from "@nats-io/transport-node";

/** A message as a consumer hands it out. */
export interface Delivery {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  /** Where it is acknowledged. */
  readonly reply: string;
  readonly sequence: number;
  /** When the stream stored it, epoch nanoseconds: the same at every delivery. */
  readonly storedNanos: string;
  /** From 1. */
  readonly deliveries: number;
  /** How many more the consumer had for whoever asks. */
  readonly pending: number;
}

/** What is said to a message. */
export const ACK = "+ACK";
/** Not done, and still at it: it is not to be handed to anybody else yet. */
export const WORKING = "+WPI";

/** Not done: hand it out again, after a while where one is given. */
export function notDone(delayMs = 0): string {
  return delayMs > 0 ? `-NAK ${JSON.stringify({ delay: Math.round(delayMs) * 1_000_000 })}` : "-NAK";
}

/** A message with what its reply subject says about it; null for one that no stream sent. */
export function toDelivery({ subject, headers, data, reply = "" }: Msg): Delivery | null {
  const words = reply.split(".");
  if (words[0] !== "$JS" || words[1] !== "ACK" || words.length < 9) return null;
  // Newer servers may put a domain and an account before the stream, and a word of chance at the end.
  const [, , deliveries, sequence, , storedNanos, pending] = words.slice(words.length > 9 ? 4 : 2);
  return {
    subject,
    headers,
    data,
    reply,
    sequence: Number(sequence),
    storedNanos: storedNanos ?? "",
    deliveries: Number(deliveries),
    pending: Number(pending),
  };
}
