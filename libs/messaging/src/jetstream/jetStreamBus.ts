import type { Bus, Clock, DeadLetter } from "@granary/domain";
import { type BusLog, SILENT } from "./connectNats.ts";
import { consumeCommands } from "./consumeCommands.ts";
import { ensureStreams, type EnsuredStreams } from "./ensureStreams.ts";
import { REPLICAS } from "./putReplicas.ts";
import type { Nats } from "./nats.ts";
import { publishFacts } from "./publishFacts.ts";
import { type StreamsOptions, streamsOf } from "./streams.ts";
import { wakeListeners } from "./wakeListeners.ts";

/** What a bus on JetStream can be told. */
export interface JetStreamBusOptions {
  readonly nats: Nats;
  /** `submitter`, `monitor`, `harvester` …: replicas of one service share what wakes them. */
  readonly service: string;
  readonly clock: Clock;
  /** Keeps messages that nobody can handle; resolves once they are durable. They are acknowledged only then. */
  readonly dead: (letters: readonly DeadLetter[]) => Promise<void>;
  /** Whether the store answers: after a handler threw, nothing is taken before it does. */
  readonly available?: () => Promise<boolean>;
  readonly streams?: StreamsOptions;
  /** Whether harmless differences of the streams are put right; only told where it is left out. */
  readonly updateStreams?: boolean;
  /** Whether streams get the copies that are wanted; where this user may not, that is told in the log. */
  readonly updateReplicas?: boolean;
  /** Most commands a handler gets at a time; 500 where it is left out. */
  readonly batchSize?: number;
  /** How long after its first command a batch waits for more; 20 ms where it is left out. */
  readonly gatherMs?: number;
  /** How long after a failure it is tried again, doubling up to half a minute; a second where it is left out. */
  readonly retryMs?: number;
  /** How long `publish` tries; 30 s where it is left out. */
  readonly publishForMs?: number;
  /** The largest command; 1 MiB where it is left out. */
  readonly maxCommandBytes?: number;
  readonly log?: BusLog;
}

/** A bus on NATS JetStream. */
export interface JetStreamBus extends Bus {
  /**
   * Makes the streams and consumers, or looks whether they are as they have to be; to be called once before anything
   * else, so that a service with wrong streams does not start. Later the bus repeats it by itself.
   * @throws StreamsDiffer, ReplicasRefused, BusUnavailable
   */
  readonly ensure: () => Promise<EnsuredStreams>;
}

/**
 * The bus over a NATS server. Outages and a wiped server are lived through: streams and consumers are made again and
 * everything goes on. The connection stays the caller's, to be disposed of after the last publish.
 */
export function jetStreamBus(options: JetStreamBusOptions): JetStreamBus {
  const { nats, service, clock, dead, available = async () => true, log = SILENT } = options;
  const { batchSize = 500, gatherMs = 20, retryMs = 1000, publishForMs = 30_000 } = options;
  const { maxCommandBytes = 1024 * 1024, updateStreams = false, updateReplicas = false } = options;
  const streams = streamsOf(options.streams);
  let ensuring: Promise<EnsuredStreams> | null = null;

  /** Many find the streams missing at the same time; one look is enough for all. */
  async function ensure(): Promise<EnsuredStreams> {
    ensuring ??= ensureStreams(nats, {
      streams,
      services: [service],
      update: updateStreams,
      updateReplicas,
    }).finally(() => {
      ensuring = null;
    });
    const ensured = await ensuring;
    if (ensured.created.length > 0) log.info({ created: ensured.created }, "streams made");
    if (ensured.updated.length > 0) log.info({ updated: ensured.updated }, "streams changed");
    const copies = ensured.differs.filter(({ field }) => updateReplicas && field === REPLICAS);
    if (copies.length > 0)
      log.warn({ differs: copies }, "this user of NATS may not change how many copies a stream has");
    return ensured;
  }

  return {
    ensure,
    publish: publishFacts({ nats, streams, clock, log, publishForMs, ensure, dead }),
    commands: consumeCommands({
      nats,
      streams,
      clock,
      log,
      ensure,
      dead,
      available,
      batchSize,
      gatherMs,
      retryMs,
      maxCommandBytes,
    }),
    wake: wakeListeners({ nats, streams, service, clock, log, retryMs, ensure }),
  };
}
