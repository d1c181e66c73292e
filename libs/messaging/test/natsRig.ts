import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeadLetter } from "@granary/domain";
import {
  demanded,
  findNats,
  freePort,
  type NatsConfig,
  natsHint,
  type RunningNats,
  startNats,
} from "@granary/servers";
import { jetstreamManager } from "@nats-io/jetstream";
import { onTestFinished, TestRunner } from "vitest";
import {
  type CommandClient,
  commandClient,
  type CommandClientOptions,
} from "../src/jetstream/commandClient.ts";
import { connectNats, type ConnectNatsOptions } from "../src/jetstream/connectNats.ts";
import { type JetStreamBus, jetStreamBus, type JetStreamBusOptions } from "../src/jetstream/jetStreamBus.ts";
import type { Nats } from "../src/jetstream/nats.ts";
import { type StreamsOptions, streamsOf } from "../src/jetstream/streams.ts";
import { realClock } from "./clocks.ts";

const found = await findNats();
if ("tried" in found) console.warn(natsHint(found));

/** What the tests run against, for their names; null where there is nothing. */
export const natsName = "tried" in found ? null : `nats-server ${found.version}`;
/** Whether tests that start servers of their own are skipped: where none can be had, and none is demanded. */
export const noNats = natsName === null && !demanded("nats");
/** Whether tests are to run against a server that is given. */
export const givenUrl = process.env["NATS_URL"];

/** A server that this test may kill, with an empty volume. */
export async function newServer(config: NatsConfig = {}): Promise<RunningNats> {
  const folder = await mkdtemp(join(tmpdir(), "granary-nats-"));
  const server = await startNats({ folder, config });
  // For the report at the end of a run, which says what ran on which server.
  Object.assign(TestRunner.getCurrentTest()?.meta ?? {}, { server: natsName });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  return server;
}

/** Three members of one cluster, each to be killed by itself; they go with the test. */
export async function newCluster(): Promise<readonly RunningNats[]> {
  const members: number[] = [];
  for (let member = 0; member < 3; member += 1) members.push(await freePort());
  return Promise.all(
    members.map((port, index) => newServer({ cluster: { name: `nats-${index}`, port, members } })),
  );
}

/** A connection that comes back fast, and ends with the test. */
export async function connected(url: string, options: Partial<ConnectNatsOptions> = {}): Promise<Nats> {
  const nats = await connectNats({
    servers: [url],
    name: "test",
    clock: realClock,
    retryMs: 100,
    ...options,
  });
  onTestFinished(() => nats[Symbol.asyncDispose]());
  return nats;
}

/** Streams that no other test has. */
export function newStreams(options: StreamsOptions = {}): StreamsOptions {
  const name = randomUUID().slice(0, 8);
  return {
    commandStream: `COMMANDS_${name}`,
    factStream: `FACTS_${name}`,
    subjectPrefix: `test.${name}`,
    commandMaxBytes: 64 * 1024 * 1024,
    factMaxBytes: 64 * 1024 * 1024,
    ...options,
  };
}

/** Streams of this test alone, removed at its end. */
export async function removeStreams(nats: Nats, options: StreamsOptions): Promise<void> {
  const { commandStream, factStream } = streamsOf(options);
  const manager = await jetstreamManager(nats.connection);
  for (const stream of [commandStream, factStream]) await manager.streams.delete(stream).catch(() => false);
}

/** A bus with what it kept as dead letters. */
export interface TestBus {
  readonly bus: JetStreamBus;
  readonly letters: DeadLetter[];
}

/** A bus that tries again soon. */
export function busOn(nats: Nats, options: Partial<JetStreamBusOptions> = {}): TestBus {
  const letters: DeadLetter[] = [];
  const bus = jetStreamBus({
    nats,
    service: "test",
    clock: realClock,
    dead: async (more) => void letters.push(...more),
    retryMs: 50,
    ...options,
  });
  return { bus, letters };
}

/** A sender that ends with the test. */
export function clientOn(nats: Nats, options: Partial<CommandClientOptions> = {}): CommandClient {
  const client = commandClient(nats, { clock: realClock, ...options });
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}
