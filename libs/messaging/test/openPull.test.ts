import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { expect, test, vi } from "vitest";
import type { Delivery } from "../src/jetstream/delivery.ts";
import { ensureStreams } from "../src/jetstream/ensureStreams.ts";
import { openPull } from "../src/jetstream/openPull.ts";
import { streamsOf } from "../src/jetstream/streams.ts";
import { realClock } from "./clocks.ts";
import { connected, newServer, newStreams, noNats } from "./natsRig.ts";

const WAIT = { timeout: 15_000, interval: 10 };

async function start(messages: number) {
  const server = await newServer();
  const nats = await connected(server.url);
  const streams = streamsOf(newStreams());
  await ensureStreams(nats, { streams });
  const client = jetstream(nats.connection);
  const subject = `${streams.subjectPrefix}.command.poll`;
  await Promise.all(Array.from({ length: messages }, (_, n) => client.publish(subject, `${n}`.padEnd(2000))));
  const manager = await jetstreamManager(nats.connection);
  const handedOut = async () =>
    (await manager.consumers.info(streams.commandStream, "submitter")).num_ack_pending;
  return { server, nats, stream: streams.commandStream, handedOut };
}

test.skipIf(noNats)("no more is asked for than there is room for, until there is room again", async () => {
  const { nats, stream, handedOut } = await start(100);
  const deliveries: Delivery[] = [];
  let room = 30;
  const pull = openPull({
    nats,
    clock: realClock,
    stream,
    consumer: "submitter",
    room: () => Math.min(room - deliveries.length, 20),
    onDelivery: (delivery) => deliveries.push(delivery),
    onBroken: (error) => expect.fail(error.message),
  });
  await vi.waitFor(() => expect(deliveries).toHaveLength(30), WAIT);
  expect(await handedOut()).toBe(30);
  room = 70;
  pull.more();
  await vi.waitFor(() => expect(deliveries).toHaveLength(70), WAIT);
  await pull.close();
  expect(await handedOut()).toBe(70);
  expect(deliveries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 70 }, (_, n) => n + 1));
  expect(new Set(deliveries.map(({ storedNanos }) => storedNanos)).size).toBeGreaterThan(1);
});

test.skipIf(noNats)(
  "one that is closed in the middle still delivers all that the server has handed out",
  async () => {
    const { nats, stream, handedOut } = await start(2000);
    let delivered = 0;
    const first = Promise.withResolvers<void>();
    const pull = openPull({
      nats,
      clock: realClock,
      stream,
      consumer: "submitter",
      room: () => 2000,
      onDelivery() {
        delivered += 1;
        if (delivered === 1) first.resolve();
      },
      onBroken: (error) => expect.fail(error.message),
    });
    await first.promise;
    await pull.close();
    expect(delivered).toBeGreaterThan(0);
    expect(delivered).toBe(await handedOut());
  },
);

test.skipIf(noNats)("a consumer that goes, and a connection that goes, are told once", async () => {
  const { server, nats, stream } = await start(1);
  const told: string[] = [];
  const open = () =>
    openPull({
      nats,
      clock: realClock,
      stream,
      consumer: "submitter",
      room: () => 10,
      onDelivery: () => {},
      onBroken: (error) => void told.push(error.message),
    });
  const pull = open();
  await (await jetstreamManager(nats.connection)).consumers.delete(stream, "submitter");
  await vi.waitFor(
    () => expect(told).toEqual([expect.stringMatching(/has stopped: 409 Consumer Deleted/)]),
    WAIT,
  );
  await pull.close();
  const again = open();
  await server.kill("SIGKILL");
  await vi.waitFor(() => expect(told).toHaveLength(2), WAIT);
  await again.close();
  expect(told).toHaveLength(2);
});
