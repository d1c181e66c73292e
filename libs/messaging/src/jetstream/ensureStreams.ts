import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StreamInfo,
} from "@nats-io/jetstream";
import { toBusUnavailable } from "./busErrors.ts";
import type { Nats } from "./nats.ts";
import { putReplicas, REPLICAS, ReplicasRefused, toReplicasRefused } from "./putReplicas.ts";
import { settingDifferences, type SettingDifference, StreamsDiffer } from "./settingDifferences.ts";
import type { Streams } from "./streams.ts";
import {
  commandConsumerSettings,
  commandStreamSettings,
  factStreamSettings,
  type WantedConsumer,
  type WantedStream,
  wakeConsumerSettings,
} from "./streamSettings.ts";
import { whileConnected } from "./whileConnected.ts";

const NAME_IN_USE = 10058;
const CONSUMER_EXISTS = 10148;

/** What is to be there. */
export interface EnsureStreamsOptions {
  readonly streams: Streams;
  /** The services whose wake consumers are to be there. */
  readonly services?: readonly string[];
  /** Whether harmless differences are put right; otherwise they are only told. */
  readonly update?: boolean;
  /** Whether the number of copies is put right also where `update` is not set. */
  readonly updateReplicas?: boolean;
}

/** What was found and done. */
export interface EnsuredStreams {
  /** Streams and consumers that were made. */
  readonly created: readonly string[];
  /** Harmless differences that were put right. */
  readonly updated: readonly SettingDifference[];
  /** Harmless differences that stand. */
  readonly differs: readonly SettingDifference[];
  /** When the stream of commands was made: another instant is another stream, whose numbers begin anew. */
  readonly commandsCreatedAt: string;
}

/**
 * Makes the streams and consumers that are missing and compares the others, setting by setting. May be repeated, and
 * called by many at once.
 * @throws StreamsDiffer with every setting that has to be another one
 * @throws ReplicasRefused where these servers can never hold as many copies as are wanted
 * @throws BusUnavailable where the server does not answer, has no JetStream or no room
 */
export async function ensureStreams(nats: Nats, options: EnsureStreamsOptions): Promise<EnsuredStreams> {
  try {
    return await whileConnected(nats, () => lookAndMake(nats, options));
  } catch (error) {
    if (error instanceof StreamsDiffer || error instanceof ReplicasRefused) throw error;
    throw toBusUnavailable("the streams could not be looked at or made", error);
  }
}

async function lookAndMake(
  nats: Nats,
  { streams, services = [], update = false, updateReplicas = update }: EnsureStreamsOptions,
): Promise<EnsuredStreams> {
  const created: string[] = [];
  const found: SettingDifference[] = [];
  const manager = await jetstreamManager(nats.connection);
  const commands = commandStreamSettings(streams, nats.version());
  const facts = factStreamSettings(streams, nats.version());
  const infos: StreamInfo[] = [];
  for (const wanted of [commands, facts]) {
    const { info, made } = await ensureStream(manager, wanted);
    infos.push(info);
    if (made) created.push(wanted.name);
    found.push(...settingDifferences(wanted.name, info.config, wanted));
  }
  const consumers: readonly (readonly [string, WantedConsumer])[] = [
    [streams.commandStream, commandConsumerSettings(streams)],
    ...services.map((service) => [streams.factStream, wakeConsumerSettings(streams, service)] as const),
  ];
  for (const [stream, wanted] of consumers) {
    const of = `${stream}/${wanted.durable_name}`;
    const { config, made } = await ensureConsumer(manager, stream, wanted);
    if (made) created.push(of);
    found.push(...settingDifferences(of, config, wanted));
  }
  const harmful = found.filter(({ harmless }) => !harmless);
  if (harmful.length > 0) throw new StreamsDiffer(found);
  const copies = found.filter(({ field }) => field === REPLICAS);
  const others = found.filter((difference) => !copies.includes(difference));
  if (update) await putRight(manager, others);
  const changed = updateReplicas ? await putReplicas(manager, copies) : [];
  const updated = update ? [...others, ...changed] : changed;
  return {
    created,
    updated,
    differs: found.filter((difference) => !updated.includes(difference)),
    commandsCreatedAt: infos[0]?.created ?? "",
  };
}

/** When the stream of commands was made; null where it is not there. @throws BusUnavailable */
export async function commandsCreatedAt(nats: Nats, { commandStream }: Streams): Promise<string | null> {
  try {
    return await whileConnected(nats, async () => {
      const manager = await jetstreamManager(nats.connection, { checkAPI: false });
      const asked = manager.streams.info(commandStream);
      return (await orNull(asked, JetStreamApiCodes.StreamNotFound))?.created ?? null;
    });
  } catch (error) {
    throw toBusUnavailable("the stream of commands could not be looked at", error);
  }
}

async function ensureStream(
  manager: JetStreamManager,
  wanted: WantedStream,
): Promise<{ readonly info: StreamInfo; readonly made: boolean }> {
  const there = await orNull(manager.streams.info(wanted.name), JetStreamApiCodes.StreamNotFound);
  if (there) return { info: there, made: false };
  // A copy: the library writes into what it is given.
  const made = await orNull(
    manager.streams.add({ ...wanted }).catch((error: unknown) => {
      throw toReplicasRefused(wanted.name, wanted.num_replicas, error);
    }),
    NAME_IN_USE,
  );
  // Somebody else made it in between, with other settings.
  return { info: made ?? (await manager.streams.info(wanted.name)), made: made !== null };
}

async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  wanted: WantedConsumer,
): Promise<{ readonly config: object; readonly made: boolean }> {
  const name = wanted.durable_name ?? "";
  const there = await orNull(manager.consumers.info(stream, name), JetStreamApiCodes.ConsumerNotFound);
  if (there) return { config: there.config, made: false };
  const made = await orNull(manager.consumers.add(stream, { ...wanted }), CONSUMER_EXISTS);
  return { config: (made ?? (await manager.consumers.info(stream, name))).config, made: made !== null };
}

async function putRight(manager: JetStreamManager, differences: readonly SettingDifference[]): Promise<void> {
  for (const of of new Set(differences.map((difference) => difference.of))) {
    const [stream = "", consumer] = of.split("/");
    const settings = Object.fromEntries(
      differences.filter((difference) => difference.of === of).map(({ field, wanted }) => [field, wanted]),
    );
    if (consumer === undefined) await manager.streams.update(stream, settings);
    else await manager.consumers.update(stream, consumer, settings);
  }
}

async function orNull<T>(answer: Promise<T>, code: number): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === code) return null;
    throw error;
  }
}
