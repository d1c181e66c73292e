import { type ConsumerConfig, type StreamConfig, StoreCompression } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { COMMAND_CONSUMER, commandSubjects, factSubjects, type Streams, wakeConsumer } from "./streams.ts";

/** A message that nobody can handle is kept in a document of the store, which takes 16 MiB. */
const LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024;
const DUPLICATES_MS = 2 * 3_600_000;
/** What all replicas together may have in hand: ten of them, with a batch in hand and one ahead. */
const IN_HAND = 10_000;

/** What is wanted of a stream: exactly these settings, the others are the server's. */
export type WantedStream = Partial<StreamConfig> & Pick<StreamConfig, "name" | "subjects">;
/** What is wanted of a consumer. */
export type WantedConsumer = Partial<ConsumerConfig> & Pick<ConsumerConfig, "ack_policy" | "deliver_policy">;

/** Commands: a work queue, where a message goes when it is acknowledged. */
export function commandStreamSettings(streams: Streams, version: string): WantedStream {
  return {
    ...common(streams, version),
    name: streams.commandStream,
    subjects: [commandSubjects(streams)],
    description: "Orders to Granary; a message leaves when it is done",
    retention: "workqueue",
    max_bytes: streams.commandMaxBytes,
    max_age: 0,
  };
}

/** Facts: a log that is kept for a time, for anybody to read. */
export function factStreamSettings(streams: Streams, version: string): WantedStream {
  return {
    ...common(streams, version),
    name: streams.factStream,
    subjects: [factSubjects(streams)],
    description: "What happened in Granary; the store holds the truth",
    retention: "limits",
    max_bytes: streams.factMaxBytes,
    max_age: nanos(streams.factMaxAgeMs),
    deny_delete: true,
  };
}

/** Whoever takes commands. No number of deliveries is too many: a store may be away for hours. */
export function commandConsumerSettings(streams: Streams): WantedConsumer {
  return {
    durable_name: COMMAND_CONSUMER,
    description: "Takes commands; acknowledged once they are in the store",
    ack_policy: "explicit",
    ack_wait: nanos(streams.ackWaitMs),
    deliver_policy: "all",
    replay_policy: "instant",
    filter_subject: commandSubjects(streams),
    max_deliver: -1,
    max_ack_pending: IN_HAND,
  };
}

/** Whoever is only woken: a fact that was handed out is done with, whatever becomes of it. */
export function wakeConsumerSettings(streams: Streams, service: string): WantedConsumer {
  return {
    durable_name: wakeConsumer(service),
    description: "Wakes one replica of a service; losing a message loses nothing",
    ack_policy: "none",
    deliver_policy: "new",
    replay_policy: "instant",
    filter_subject: factSubjects(streams),
  };
}

function common({ replicas }: Streams, version: string): Partial<StreamConfig> {
  return {
    storage: "file",
    // Never make room by throwing away what nobody has seen: facts wait in the store, callers repeat their commands.
    discard: "new",
    num_replicas: replicas,
    duplicate_window: nanos(DUPLICATES_MS),
    max_msg_size: LARGEST_MESSAGE_BYTES,
    max_msgs: -1,
    ...(isAtLeast(version, 2, 10)
      ? { compression: StoreCompression.S2, metadata: { "granary-streams": "1" } }
      : {}),
  };
}

/** Whether a server's version is this one or a later one. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [foundMajor = 0, foundMinor = 0] = version.split(".").map(Number);
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}
