import type { Clock, DeadLetter, Fact, Fault } from "@granary/domain";
import { COMMAND_PREFIX, faultText } from "@granary/domain";
import { headers as newHeaders, type MsgHdrs } from "@nats-io/transport-node";
import { DEAD_REASONS, type DeadReason } from "./decodeCommand.ts";
import type { Delivery } from "./delivery.ts";
import type { Nats } from "./nats.ts";
import { publishDurably } from "./publishDurably.ts";
import { type Streams, subjectOf } from "./streams.ts";

const REDRIVE_MS = 30_000;

/**
 * The dead letter of a message that can never be handled. Its id is made from the message's place and time in the
 * stream, so that a message that is handed out again does not become a second letter, and one of a stream that begins
 * anew does.
 */
export function deadLetterOf(
  stream: string,
  delivery: Delivery,
  { why, faults }: { readonly why: DeadReason; readonly faults: readonly Fault[] },
  at: number,
): DeadLetter {
  return {
    id: `${stream}:${delivery.sequence}:${BigInt(delivery.storedNanos).toString(36)}`,
    subject: delivery.subject,
    reason: `${why}: ${faults.map(shortText).join("; ")}`,
    headers: headersOf(delivery.headers),
    bytes: Buffer.from(delivery.data).toString("base64"),
    at,
    redrivenAt: null,
  };
}

/** The dead letter of a fact that is larger than the server takes: it must not keep all others from going out. */
export function deadFact(streams: Streams, fact: Fact, message: string, at: number): DeadLetter {
  return {
    id: `fact:${fact.id}`,
    subject: subjectOf(streams, fact.type),
    reason: `too_large: ${fact.id}: ${message}`,
    headers: {},
    bytes: Buffer.from(JSON.stringify(fact)).toString("base64"),
    at,
    redrivenAt: null,
  };
}

/** Which of the closed list a letter's reason is, for metrics; null for what others wrote. */
export function deadReason({ reason }: DeadLetter): DeadReason | null {
  return DEAD_REASONS.find((known) => reason.startsWith(`${known}:`)) ?? null;
}

/** What sending a dead letter again takes. */
export interface RedriveOptions {
  readonly clock: Clock;
  readonly streams: Streams;
}

/**
 * Sends a dead letter's bytes and headers on its subject again; resolves once they are durable there. Within two hours
 * a second call for the same letter sends nothing.
 * @throws BusUnavailable, MessageTooLarge
 */
export async function redriveDeadLetter(
  nats: Nats,
  letter: DeadLetter,
  { clock, streams }: RedriveOptions,
): Promise<void> {
  const headers = newHeaders();
  for (const [name, value] of Object.entries(letter.headers))
    // What the server reads in them was meant for the first time: it would take this one for a repeat, for example.
    if (!name.toLowerCase().startsWith("nats-")) headers.append(name, value);
  const isCommand = letter.subject.startsWith(subjectOf(streams, COMMAND_PREFIX));
  await publishDurably(nats, {
    clock,
    subject: letter.subject,
    bytes: Buffer.from(letter.bytes, "base64"),
    headers,
    messageId: `redrive:${letter.id}`,
    stream: isCommand ? streams.commandStream : streams.factStream,
    forMs: REDRIVE_MS,
  });
}

function headersOf(headers: MsgHdrs | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries([...(headers ?? [])].map(([name, values]) => [name, values.join(", ")]));
}

function shortText(fault: Fault): string {
  return fault.path === "" ? fault.message : faultText(fault);
}
