import { BusUnavailable, type Reply } from "@granary/domain";
import { jetstreamManager } from "@nats-io/jetstream";
import { expect, onTestFinished, test, vi } from "vitest";
import { ensureStreams } from "../src/jetstream/ensureStreams.ts";
import { ReplicasRefused } from "../src/jetstream/putReplicas.ts";
import { streamsOf } from "../src/jetstream/streams.ts";
import { commandOf, replyTo } from "./contract.ts";
import { factOf } from "./factOf.ts";
import { busOn, clientOn, connected, newCluster, newServer, newStreams, noNats } from "./natsRig.ts";

const WAIT = { timeout: 30_000, interval: 50 };
const COMMANDS = 120;

/** Repeats what members of a cluster cannot do before they have found each other. */
async function onceThere<T>(attempt: () => Promise<T>): Promise<T> {
  return vi.waitUntil(
    async () =>
      attempt().catch((error: unknown) => {
        if (error instanceof BusUnavailable) return null;
        throw error;
      }) as Promise<T>,
    WAIT,
  );
}

/** A cluster with a connection to all of its members, and how its streams are copied. */
async function openCluster() {
  const members = await newCluster();
  const urls = members.map(({ url }) => url);
  const connect = () => connected(urls[0]!, { servers: urls });
  const nats = await connect();
  const manager = async () => jetstreamManager(nats.connection, { checkAPI: false });
  return {
    members,
    connect,
    nats,
    /** Waits until a stream has so many copies that are all up to date; answers which member leads it. */
    holds: async (stream: string, copies: number): Promise<number> => {
      let leader = "";
      await vi.waitFor(async () => {
        const { config, cluster } = await (await manager()).streams.info(stream);
        expect(config.num_replicas).toBe(copies);
        const others = cluster?.replicas ?? [];
        expect(others.map(({ current }) => current)).toEqual(Array.from({ length: copies - 1 }, () => true));
        leader = cluster?.leader ?? "";
      }, WAIT);
      return Number(leader.replace("nats-", ""));
    },
    messages: async (stream: string) => (await (await manager()).streams.info(stream)).state.messages,
  };
}

test.skipIf(noNats)(
  "streams get the copies that are wanted, more and fewer, and keep what lies in them",
  async () => {
    const { nats, holds, messages } = await openCluster();
    const options = newStreams();
    const of = (replicas: number) => ({ streams: streamsOf({ ...options, replicas }), updateReplicas: true });
    const { commandStream, factStream } = streamsOf(options);
    await onceThere(() => ensureStreams(nats, of(1)));
    const { bus } = busOn(nats, { streams: options });
    await bus.publish([factOf(1), factOf(2)]);

    for (const [before, copies] of [
      [1, 3],
      [3, 1],
    ] as const) {
      // Who is not to change them is told, and nothing is changed.
      const told = await ensureStreams(nats, { ...of(copies), updateReplicas: false });
      const differences = [commandStream, factStream].map((stream) => ({
        of: stream,
        field: "num_replicas",
        found: before,
        wanted: copies,
        harmless: true,
      }));
      expect(told).toMatchObject({ updated: [], differs: differences });
      // Two replicas of a service start at once.
      const both = await Promise.all([ensureStreams(nats, of(copies)), ensureStreams(nats, of(copies))]);
      expect(both.flatMap(({ differs }) => differs)).toEqual([]);
      expect(both.some(({ updated }) => updated.length > 0)).toBe(true);
      await holds(commandStream, copies);
      await holds(factStream, copies);
      expect(await messages(factStream)).toBe(2);
      expect(await ensureStreams(nats, of(copies))).toMatchObject({ updated: [], differs: [] });
    }
  },
  90_000,
);

test.skipIf(noNats)(
  "with three copies the member that leads is lost in mid-work, and every command is answered and every fact kept",
  async () => {
    const { members, connect, nats, holds, messages } = await openCluster();
    const streams = newStreams({ replicas: 3 });
    const { commandStream, factStream } = streamsOf(streams);
    const { bus } = busOn(nats, { streams, updateReplicas: true });
    await onceThere(bus.ensure);
    const leader = await holds(commandStream, 3);
    await holds(factStream, 3);

    const handled = new Set<string>();
    const stop = new AbortController();
    const working = bus.commands(async (batch): Promise<readonly Reply[]> => {
      for (const { id } of batch) handled.add(id);
      return batch.map(replyTo);
    }, stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await working;
    });
    const client = clientOn(await connect(), { streams });
    const killed = Promise.withResolvers<void>();
    const under: Promise<Reply>[] = [];
    for (let n = 1; n <= COMMANDS; n += 1) {
      if (n === COMMANDS / 3) members[leader]!.kill("SIGKILL").then(killed.resolve, killed.reject);
      under.push(client.send(commandOf(n), { timeoutMs: 60_000 }));
      await bus.publish([factOf(n)]);
    }
    await killed.promise;
    const replies = await Promise.all(under);
    expect(replies).toEqual(Array.from({ length: COMMANDS }, (_, index) => replyTo(commandOf(index + 1))));
    expect(handled.size).toBe(COMMANDS);
    // What was told twice for want of an answer has one id, and lies there once.
    expect(await messages(factStream)).toBe(COMMANDS);
    await vi.waitFor(async () => expect(await messages(commandStream)).toBe(0), WAIT);
  },
  120_000,
);

test.skipIf(noNats)(
  "a single server is told to hold three copies, and that is refused with what to do, at making and at changing",
  async () => {
    const server = await newServer();
    const nats = await connected(server.url);
    const options = newStreams();
    const wanted = { streams: streamsOf({ ...options, replicas: 3 }), updateReplicas: true };
    async function refused(): Promise<void> {
      const error = await ensureStreams(nats, wanted).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ReplicasRefused);
      expect((error as Error).message).toBe(
        `${options.commandStream}: 3 copies are wanted (GRANARY_NATS_REPLICAS), and NATS is a single server, which ` +
          "holds one. Set it to 1, or make NATS a cluster of at least 3 servers with JetStream",
      );
      expect((error as Error).cause).toBeInstanceOf(Error);
    }
    await refused();
    await ensureStreams(nats, { streams: streamsOf(options) });
    await refused();
    expect(await ensureStreams(nats, { streams: streamsOf(options) })).toMatchObject({ differs: [] });
  },
);

test.skipIf(noNats)(
  "a cluster with too few servers for the copies says so, and may be tried again",
  async () => {
    const { nats } = await openCluster();
    const streams = streamsOf(newStreams({ replicas: 5 }));
    await vi.waitFor(async () => {
      const making = ensureStreams(nats, { streams });
      await expect(making).rejects.toThrow(BusUnavailable);
      await expect(making).rejects.toThrow("the cluster has too few servers up");
    }, WAIT);
  },
  60_000,
);
