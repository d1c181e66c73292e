import type { Command, Reply } from "@granary/domain";
import { BusUnavailable } from "@granary/domain";
import { jetstreamManager } from "@nats-io/jetstream";
import { expect, onTestFinished, vi, test } from "vitest";
import { ensureStreams } from "../src/jetstream/ensureStreams.ts";
import { streamsOf } from "../src/jetstream/streams.ts";
import { commandOf, replyTo } from "./contract.ts";
import { factOf } from "./factOf.ts";
import { busOn, clientOn, connected, noNats, newServer, newStreams } from "./natsRig.ts";

const WAIT = { timeout: 20_000, interval: 20 };

/** Everything that a process does with a bus, on a server that the test may kill. */
async function startAll(
  handler: (batch: readonly Command[]) => Promise<readonly Reply[]> = async (batch) => batch.map(replyTo),
) {
  const server = await newServer();
  const nats = await connected(server.url);
  const streams = streamsOf(newStreams());
  const { bus } = busOn(nats, { streams });
  await bus.ensure();
  const stop = new AbortController();
  const heard: string[] = [];
  const running = [bus.commands(handler, stop.signal), bus.wake(({ id }) => heard.push(id), stop.signal)];
  onTestFinished(async () => {
    stop.abort();
    await Promise.all(running);
  });
  const client = clientOn(await connected(server.url), { streams });
  return { server, nats, streams, bus, heard, client };
}

test.skipIf(noNats)("an outage of the server is lived through by everything, without a restart", async () => {
  const { server, bus, heard, client } = await startAll();
  await bus.publish([factOf(1)]);
  expect(await client.send(commandOf(1))).toEqual(replyTo(commandOf(1)));
  await vi.waitFor(() => expect(heard).toEqual([factOf(1).id]), WAIT);
  await server.kill("SIGKILL");
  const published = bus.publish([factOf(2)]);
  const answer = client.send(commandOf(2));
  await server.restart();
  await published;
  expect(await answer).toEqual(replyTo(commandOf(2)));
  await vi.waitFor(() => expect(heard).toEqual([factOf(1).id, factOf(2).id]), WAIT);
});

test.skipIf(noNats)(
  "a server whose volume was wiped gets its streams again, and everything goes on",
  async () => {
    const { server, bus, heard, client, nats, streams } = await startAll();
    await bus.publish([factOf(1)]);
    expect(await client.send(commandOf(1))).toEqual(replyTo(commandOf(1)));
    await server.wipe();
    await server.restart();
    const published = bus.publish([factOf(2)]);
    expect(await client.send(commandOf(2))).toEqual(replyTo(commandOf(2)));
    await published;
    // A fact may be told before there is anybody to wake; the next one is heard.
    let n = 2;
    await vi.waitFor(async () => {
      await bus.publish([factOf((n += 1))]);
      expect(heard.at(-1)).toBe(factOf(n).id);
    }, WAIT);
    expect(await ensureStreams(nats, { streams, services: ["test"] })).toMatchObject({
      created: [],
      differs: [],
    });
  },
);

test.skipIf(noNats)("streams that somebody removes are made again while the connection stands", async () => {
  const { bus, client, nats, streams, heard } = await startAll();
  expect(await client.send(commandOf(1))).toEqual(replyTo(commandOf(1)));
  const manager = await jetstreamManager(nats.connection);
  await manager.streams.delete(streams.commandStream);
  await manager.streams.delete(streams.factStream);
  expect(await client.send(commandOf(2))).toEqual(replyTo(commandOf(2)));
  let n = 0;
  await vi.waitFor(async () => {
    await bus.publish([factOf((n += 1))]);
    expect(heard.at(-1)).toBe(factOf(n).id);
  }, WAIT);
});

test.skipIf(noNats)(
  "a server killed in the middle of 2,000 commands loses none: each is handled and answered",
  async () => {
    const handled = new Set<string>();
    const third = Promise.withResolvers<void>();
    const { server, client } = await startAll(async (batch) => {
      for (const { id } of batch) handled.add(id);
      if (handled.size > 600) third.resolve();
      return batch.map(replyTo);
    });
    const commands = Array.from({ length: 2000 }, (_, n) => commandOf(n));
    const answers = Promise.all(commands.map((command) => client.send(command, { timeoutMs: 60_000 })));
    await third.promise;
    expect(handled.size).toBeLessThan(2000);
    await server.kill("SIGKILL");
    await server.restart();
    expect(await answers).toEqual(commands.map(replyTo));
    expect(handled.size).toBe(2000);
  },
  60_000,
);

test.skipIf(noNats)(
  "an acknowledgement for a wiped stream does not take a message out of the new one",
  async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const { server, streams, nats } = await startAll(async (batch) => {
      entered.resolve();
      await leave.promise;
      return batch.map(replyTo);
    });
    const sender = clientOn(await connected(server.url), { streams });
    await sender.publish(commandOf(1));
    await entered.promise;
    await server.wipe();
    await vi.waitFor(() => expect(nats.connected()).toBe(false), WAIT);
    await server.restart();
    expect(await nats.whenConnected(20_000)).toBe(true);
    // Another replica makes the stream again, and has its first message in hand, which has the old one's numbers.
    const other = await connected(server.url);
    await ensureStreams(other, { streams });
    await clientOn(other, { streams }).publish(commandOf(2));
    const manager = await jetstreamManager(other.connection);
    const consumer = await manager.jetstream().consumers.get(streams.commandStream, "submitter");
    const held = await consumer.next({ expires: 5000 });
    expect(held?.seq).toBe(1);
    leave.resolve();
    // The first replica is at work again when it takes the next command.
    await clientOn(other, { streams }).send(commandOf(3));
    const left = async () => (await manager.streams.info(streams.commandStream)).state;
    expect(await left()).toMatchObject({ messages: 1, first_seq: 1 });
    held?.ack();
    await vi.waitFor(async () => expect((await left()).messages).toBe(0), WAIT);
  },
);

test.skipIf(noNats)("publish gives up after its time, and says that the bus does not answer", async () => {
  const server = await newServer();
  const nats = await connected(server.url);
  const { bus } = busOn(nats, { streams: newStreams(), publishForMs: 300 });
  await bus.ensure();
  await server.kill("SIGKILL");
  await expect(bus.publish([factOf(1)])).rejects.toThrow(BusUnavailable);
  await server.restart();
  await nats.whenConnected(10_000);
  await expect(bus.publish([factOf(1)])).resolves.toBeUndefined();
});

test.skipIf(noNats)("a bus that is stopped while its server is away ends at once", async () => {
  const server = await newServer();
  const nats = await connected(server.url);
  const { bus } = busOn(nats, { streams: newStreams() });
  await bus.ensure();
  const stop = new AbortController();
  const running = [bus.commands(async () => [], stop.signal), bus.wake(() => {}, stop.signal)];
  await server.kill("SIGKILL");
  await vi.waitFor(() => expect(nats.connected()).toBe(false), WAIT);
  const before = performance.now();
  stop.abort();
  await Promise.all(running);
  expect(performance.now() - before).toBeLessThan(3000);
});

test.skipIf(noNats)(
  "a connection that is closed under a bus ends its commands with an error, not its wakes",
  async () => {
    const server = await newServer();
    const nats = await connected(server.url);
    const { bus } = busOn(nats, { streams: newStreams() });
    await bus.ensure();
    const stop = new AbortController();
    const commands = bus.commands(async () => [], stop.signal);
    const wakes = bus.wake(() => {}, stop.signal);
    await nats[Symbol.asyncDispose]();
    await expect(commands).rejects.toThrow("closed for good");
    await expect(bus.publish([factOf(1)])).rejects.toThrow(BusUnavailable);
    stop.abort();
    await expect(wakes).resolves.toBeUndefined();
  },
);
