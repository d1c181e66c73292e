import type { Command, DeadLetter, Reply } from "@granary/domain";
import { BusUnavailable, Faulty } from "@granary/domain";
import { jetstreamManager } from "@nats-io/jetstream";
import { createInbox, headers as newHeaders } from "@nats-io/transport-node";
import { expect, onTestFinished, vi, test } from "vitest";
import { commandEvent } from "../src/jetstream/commandEvent.ts";
import { deadReason, redriveDeadLetter } from "../src/jetstream/deadLetters.ts";
import type { JetStreamBusOptions } from "../src/jetstream/jetStreamBus.ts";
import type { Nats } from "../src/jetstream/nats.ts";
import { REPLY_TO } from "../src/jetstream/sendReply.ts";
import { type Streams, streamsOf, type StreamsOptions } from "../src/jetstream/streams.ts";
import { realClock } from "./clocks.ts";
import { commandOf, replyTo } from "./contract.ts";
import { factOf } from "./factOf.ts";
import { busOn, clientOn, connected, noNats, newServer, newStreams, type TestBus } from "./natsRig.ts";
import type { NatsConfig } from "@granary/servers";

const WAIT = { timeout: 15_000, interval: 10 };

interface Rig extends TestBus {
  readonly nats: Nats;
  readonly streams: Streams;
  readonly url: string;
}

async function start(
  options: Partial<JetStreamBusOptions> = {},
  { config = {}, streams: chosen = {} }: { config?: NatsConfig; streams?: StreamsOptions } = {},
): Promise<Rig> {
  const { url } = await newServer(config);
  const nats = await connected(url);
  const streams = streamsOf(newStreams(chosen));
  const made = busOn(nats, { streams, ...options });
  await made.bus.ensure();
  return { ...made, nats, streams, url };
}

/** Takes commands until the test ends or `stop` is called. */
function consume(
  { bus }: TestBus,
  handler: (batch: readonly Command[]) => Promise<readonly Reply[]> = async (batch) => batch.map(replyTo),
): () => Promise<void> {
  const stop = new AbortController();
  const consuming = bus.commands(handler, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await consuming;
  };
  onTestFinished(end);
  return end;
}

async function commandsLeft({ nats, streams }: Rig): Promise<number> {
  const manager = await jetstreamManager(nats.connection);
  return (await manager.streams.info(streams.commandStream)).state.messages;
}

/** Puts bytes on a subject as any client can, and answers where the reply would come. */
async function putRaw(
  { nats, streams }: Rig,
  name: string,
  bytes: Uint8Array | string,
): Promise<{ readonly replies: Reply[] }> {
  const inbox = createInbox();
  const replies: Reply[] = [];
  nats.connection.subscribe(inbox, { callback: (_error, message) => void replies.push(message.json()) });
  const headers = newHeaders();
  headers.set(REPLY_TO, inbox);
  headers.set("Trace", "t1");
  await nats.connection.request(`${streams.subjectPrefix}.command.${name}`, bytes, {
    headers,
    timeout: 5000,
  });
  return { replies };
}

test.skipIf(noNats)(
  "every wrong message becomes a dead letter before it is acknowledged, and is answered",
  async () => {
    const kept: DeadLetter[] = [];
    const left: number[] = [];
    const rig: Rig = await start(
      {
        dead: async (letters) => {
          left.push(await commandsLeft(rig));
          kept.push(...letters);
        },
      },
      { config: { maxPayloadBytes: 4 * 1024 * 1024 } },
    );
    const event = JSON.parse(String(Buffer.from(commandEvent(commandOf(1), "tests", 0)))) as object;
    const wrong: readonly (readonly [string, string, Uint8Array | string])[] = [
      ["not_json", "poll", "{no json"],
      ["not_utf8", "poll", Uint8Array.from([0xff])],
      ["not_cloudevents", "poll", JSON.stringify({ requestId: "r" })],
      ["unknown_version", "poll", JSON.stringify({ ...event, type: "granary.v7.command.poll" })],
      ["unknown_command", "explode", JSON.stringify({ ...event, type: "granary.v1.command.explode" })],
      ["wrong_subject", "cancel", JSON.stringify(event)],
      ["too_large", "submit", Buffer.alloc(2 * 1024 * 1024, "x")],
    ];
    const sent: { readonly replies: Reply[] }[] = [];
    for (const [, name, bytes] of wrong) sent.push(await putRaw(rig, name, bytes));
    const good = clientOn(rig.nats, { streams: rig.streams }).send(commandOf(2));
    const handled: string[] = [];
    consume(rig, async (batch) => {
      handled.push(...batch.map(({ id }) => id));
      return batch.map(replyTo);
    });
    expect(await good).toEqual(replyTo(commandOf(2)));
    await vi.waitFor(() => {
      for (const { replies } of sent)
        expect(replies).toEqual([
          {
            id: null,
            requestId: null,
            status: "rejected",
            faults: expect.arrayContaining([expect.anything()]),
          },
        ]);
    }, WAIT);
    expect(handled).toEqual(["command-2"]);
    expect(kept.map(deadReason)).toEqual(wrong.map(([why]) => why));
    expect(kept.map(({ bytes }) => Buffer.from(bytes, "base64"))).toEqual(
      wrong.map(([, , bytes]) => Buffer.from(bytes)),
    );
    expect(kept[3]).toMatchObject({
      subject: `${rig.streams.subjectPrefix}.command.poll`,
      reason: expect.stringContaining("version v7 of poll is not known"),
      headers: { Trace: "t1", [REPLY_TO]: expect.any(String) },
      redrivenAt: null,
    });
    expect(left[0]).toBe(8);
    await vi.waitFor(async () => expect(await commandsLeft(rig)).toBe(0), WAIT);
  },
);

test.skipIf(noNats)(
  "a dead letter that cannot be kept leaves its message where it is, and has the same id next time",
  async () => {
    const tried: DeadLetter[] = [];
    const rig = await start({
      dead: async (letters) => {
        tried.push(...letters);
        if (tried.length < 3) throw new Error("the store is away");
      },
    });
    const { replies } = await putRaw(rig, "poll", "{no json");
    consume(rig);
    await vi.waitFor(async () => {
      expect(replies).toHaveLength(1);
      expect(await commandsLeft(rig)).toBe(0);
    }, WAIT);
    expect(new Set(tried.map(({ id }) => id)).size).toBe(1);
    expect(tried).toHaveLength(3);
  },
);

test.skipIf(noNats)(
  "a dead letter is sent again as it was, once, and what it was taken for is forgotten",
  async () => {
    const rig = await start({ maxCommandBytes: 60 });
    const stopped = consume(rig);
    const bytes = commandEvent({ ...commandOf(1), data: { taskId: "long enough" } }, "tests", 0);
    await putRaw(rig, "poll", bytes);
    await vi.waitFor(() => expect(rig.letters).toHaveLength(1), WAIT);
    await stopped();
    const [letter] = rig.letters;
    const options = { clock: realClock, streams: rig.streams };
    await redriveDeadLetter(rig.nats, letter!, options);
    await redriveDeadLetter(rig.nats, letter!, options);
    expect(await commandsLeft(rig)).toBe(1);
    const handled: Command[] = [];
    consume(busOn(rig.nats, { streams: rig.streams }), async (batch) => {
      handled.push(...batch);
      return batch.map(replyTo);
    });
    await vi.waitFor(
      () => expect(handled).toMatchObject([{ id: "command-1", data: { taskId: "long enough" } }]),
      WAIT,
    );
  },
);

test.skipIf(noNats)(
  "a command larger than the server takes is told to its sender, not tried again",
  async () => {
    const rig = await start();
    const client = clientOn(rig.nats, { streams: rig.streams });
    const large: Command = { id: "large", type: "submit", data: { items: "x".repeat(2 * 1024 * 1024) } };
    const before = performance.now();
    await expect(client.send(large)).rejects.toThrow(Faulty);
    await expect(client.publish(large)).rejects.toThrow(
      /max_payload of 1048576 bytes; put the items into an artifact/,
    );
    expect(performance.now() - before).toBeLessThan(5000);
  },
);

test.skipIf(noNats)(
  "a fact larger than the server takes is kept as a dead letter, and the others go out",
  async () => {
    const rig = await start();
    await rig.bus.publish([factOf(1), factOf(2, "x".repeat(2 * 1024 * 1024)), factOf(3)]);
    expect(rig.letters).toMatchObject([
      { id: `fact:${factOf(2).id}`, subject: `${rig.streams.subjectPrefix}.fact.request.rejected` },
    ]);
    expect(rig.letters[0]?.reason).toContain("max_payload of 1048576");
    const manager = await jetstreamManager(rig.nats.connection);
    expect((await manager.streams.info(rig.streams.factStream)).state.messages).toBe(2);
  },
);

test.skipIf(noNats)(
  "nothing is taken while the store is away, and everything is done once it is back",
  async () => {
    let away = true;
    const looked = vi.fn<() => void>();
    const rig = await start({
      retryMs: 10,
      available: async () => {
        looked();
        return !away;
      },
    });
    const client = clientOn(rig.nats, { streams: rig.streams });
    const answers = Array.from({ length: 20 }, (_, n) => client.send(commandOf(n)));
    await vi.waitFor(async () => expect(await commandsLeft(rig)).toBe(20), WAIT);
    let calls = 0;
    consume(rig, async (batch) => {
      calls += 1;
      if (away) throw new Error("the store is away");
      return batch.map(replyTo);
    });
    await vi.waitFor(() => expect(looked.mock.calls.length).toBeGreaterThan(10), WAIT);
    expect(calls).toBe(1);
    away = false;
    expect(await Promise.all(answers)).toEqual(answers.map((_, n) => replyTo(commandOf(n))));
  },
);

test.skipIf(noNats)(
  "a command that fails every batch it is in does not keep the others from being done",
  async () => {
    const rig = await start({ retryMs: 5 });
    const client = clientOn(rig.nats, { streams: rig.streams });
    const ids = Array.from({ length: 40 }, (_, n) => n);
    const answers = ids.filter((n) => n !== 17).map((n) => client.send(commandOf(n)));
    await client.publish(commandOf(17));
    consume(rig, async (batch) => {
      if (batch.some(({ id }) => id === "command-17")) throw new Error("a fault of the handler");
      return batch.map(replyTo);
    });
    await Promise.all(answers);
    await vi.waitFor(async () => expect(await commandsLeft(rig)).toBe(1), WAIT);
  },
);

test.skipIf(noNats)(
  "a handler may take longer than the server waits, and what waits behind it does not expire",
  {
    timeout: 20_000,
  },
  async () => {
    const rig = await start({ batchSize: 1 }, { streams: { ackWaitMs: 900 } });
    const client = clientOn(rig.nats, { streams: rig.streams, repeatMs: 60_000 });
    const order: string[] = [];
    consume(rig, async (batch) => {
      order.push(...batch.map(({ id }) => `first ${id}`));
      await realClock.sleep(2500);
      return batch.map(replyTo);
    });
    const answers = [client.send(commandOf(1))];
    await vi.waitFor(() => expect(order).toHaveLength(1), WAIT);
    answers.push(client.send(commandOf(2)));
    const manager = await jetstreamManager(rig.nats.connection);
    const consumer = async () => manager.consumers.info(rig.streams.commandStream, "submitter");
    await vi.waitFor(async () => expect((await consumer()).num_ack_pending).toBe(2), WAIT);
    consume(busOn(rig.nats, { streams: rig.streams }), async (batch) => {
      order.push(...batch.map(({ id }) => `second ${id}`));
      return batch.map(replyTo);
    });
    await Promise.all(answers);
    expect(order).toEqual(["first command-1", "first command-2"]);
    expect((await consumer()).num_redelivered).toBe(0);
  },
);

test.skipIf(noNats)(
  "a frozen replica's command goes to another one, and its late acknowledgement does no harm",
  async () => {
    const rig = await start({}, { streams: { ackWaitMs: 1000 } });
    const client = clientOn(rig.nats, { streams: rig.streams, repeatMs: 60_000 });
    const frozen = createInbox();
    const held: string[] = [];
    rig.nats.connection.subscribe(frozen, {
      callback: (_error, { reply, data }) => void (data.length > 0 && held.push(reply ?? "")),
    });
    const next = `$JS.API.CONSUMER.MSG.NEXT.${rig.streams.commandStream}.submitter`;
    const request = { batch: 1, expires: 30e9 };
    rig.nats.connection.publish(next, JSON.stringify(request), { reply: frozen });
    const answer = client.send(commandOf(1));
    await vi.waitFor(() => expect(held).toHaveLength(1), WAIT);
    const handled: string[] = [];
    const handing = Promise.withResolvers<void>();
    consume(rig, async (batch) => {
      handled.push(...batch.map(({ id }) => id));
      rig.nats.connection.publish(held[0]!, "+ACK");
      await rig.nats.connection.flush();
      handing.resolve();
      return batch.map(replyTo);
    });
    await handing.promise;
    expect(await answer).toEqual(replyTo(commandOf(1)));
    expect(await client.send(commandOf(2))).toEqual(replyTo(commandOf(2)));
    expect(handled).toEqual(["command-1", "command-2"]);
    expect(await commandsLeft(rig)).toBe(0);
  },
);

test.skipIf(noNats)("two replicas share the work", async () => {
  const rig = await start({ batchSize: 10 });
  const other = busOn(await connected(rig.url), { streams: rig.streams, batchSize: 10 });
  const seen: string[][] = [[], []];
  for (const [index, replica] of [rig, other].entries())
    consume(replica, async (batch) => {
      seen[index]?.push(...batch.map(({ id }) => id));
      return batch.map(replyTo);
    });
  const client = clientOn(rig.nats, { streams: rig.streams, repeatMs: 60_000 });
  await Promise.all(Array.from({ length: 400 }, (_, n) => client.send(commandOf(n))));
  expect(seen.flat().toSorted()).toEqual(Array.from({ length: 400 }, (_, n) => commandOf(n).id).toSorted());
  for (const ids of seen) expect(ids.length).toBeGreaterThan(20);
});

test.skipIf(noNats)("a stop in the middle gives the rest to the others at once, and loses none", async () => {
  const rig = await start({ batchSize: 50 });
  const client = clientOn(rig.nats, { streams: rig.streams, repeatMs: 60_000, inFlight: 1000 });
  const answers = Array.from({ length: 1000 }, (_, n) => client.send(commandOf(n)));
  let handled = 0;
  const half = Promise.withResolvers<void>();
  const stop = consume(rig, async (batch) => {
    handled += batch.length;
    if (handled >= 200) half.resolve();
    return batch.map(replyTo);
  });
  await half.promise;
  await stop();
  const byFirst = handled;
  expect(byFirst).toBeLessThan(1000);
  const before = performance.now();
  consume(busOn(await connected(rig.url), { streams: rig.streams }), async (batch) => {
    handled += batch.length;
    return batch.map(replyTo);
  });
  await Promise.all(answers);
  // Nothing had to wait for the half minute after which the server would take it back by itself.
  expect(performance.now() - before).toBeLessThan(15_000);
  expect(handled).toBe(1000);
});

test.skipIf(noNats)("a command that is sent again under its id is answered again", async () => {
  const rig = await start();
  consume(rig);
  const client = clientOn(rig.nats, { streams: rig.streams, repeatMs: 60_000 });
  expect(await client.send(commandOf(1))).toEqual(replyTo(commandOf(1)));
  expect(await client.send(commandOf(1))).toEqual(replyTo(commandOf(1)));
});

test.skipIf(noNats)("a command whose answer is lost is sent again until there is one", async () => {
  const rig = await start();
  const client = clientOn(rig.nats, { streams: rig.streams, repeatMs: 100 });
  let answers = 0;
  // A handler of another kind: it takes commands and answers only the third.
  const manager = await jetstreamManager(rig.nats.connection);
  const consumer = await manager.jetstream().consumers.get(rig.streams.commandStream, "submitter");
  const messages = await consumer.consume();
  onTestFinished(() => messages.stop());
  const taking = (async () => {
    for await (const message of messages) {
      message.ack();
      answers += 1;
      if (answers < 3) continue;
      rig.nats.connection.publish(
        message.headers?.get(REPLY_TO) ?? "",
        JSON.stringify(replyTo(commandOf(1))),
      );
      return;
    }
  })();
  expect(await client.send(commandOf(1))).toEqual(replyTo(commandOf(1)));
  await taking;
  expect(answers).toBe(3);
});

test.skipIf(noNats)(
  "without an answer in time the sender learns that the command may have been taken",
  async () => {
    const rig = await start();
    const client = clientOn(rig.nats, { streams: rig.streams });
    const sending = client.send(commandOf(1), { timeoutMs: 200 });
    await expect(sending).rejects.toThrow(BusUnavailable);
    await expect(sending).rejects.toThrow(/it may have been taken all the same/);
    expect(await commandsLeft(rig)).toBe(1);
  },
);

test.skipIf(noNats)(
  "nobody can order anything by naming a stream or the server as the place for an answer",
  async () => {
    const rig = await start();
    const heard: string[] = [];
    rig.nats.connection.subscribe(">", {
      callback: (_error, { subject, data }) =>
        void (String(Buffer.from(data)).includes("accepted") && heard.push(subject)),
    });
    for (const [n, inbox] of [
      `${rig.streams.subjectPrefix}.command.submit`,
      "$JS.API.STREAM.DELETE.X",
      "a.*",
      "a b",
      "",
      "proper.inbox",
    ].entries()) {
      const headers = newHeaders();
      headers.set(REPLY_TO, inbox);
      const bytes = commandEvent(commandOf(n), "tests", 0);
      await rig.nats.connection.request(`${rig.streams.subjectPrefix}.command.poll`, bytes, {
        headers,
        timeout: 5000,
      });
    }
    consume(rig);
    await vi.waitFor(() => expect(heard).toEqual(["proper.inbox"]), WAIT);
    await vi.waitFor(async () => expect(await commandsLeft(rig)).toBe(0), WAIT);
  },
);

test.skipIf(noNats)(
  "each service is woken by a fact, one replica of it, and facts stay for others to read",
  async () => {
    const rig = await start({ service: "monitor" });
    const twin = busOn(await connected(rig.url), { streams: rig.streams, service: "monitor" });
    const harvester = busOn(await connected(rig.url), { streams: rig.streams, service: "harvester" });
    await harvester.bus.ensure();
    const stop = new AbortController();
    const heard: string[][] = [[], [], []];
    const listening = [rig, twin, harvester].map(({ bus }, index) =>
      bus.wake((fact) => heard[index]?.push(fact.id), stop.signal),
    );
    const facts = Array.from({ length: 30 }, (_, n) => factOf(n));
    await rig.bus.publish(facts);
    await rig.bus.publish(facts);
    const ids = facts.map(({ id }) => id).toSorted();
    await vi.waitFor(() => {
      expect([...heard[0]!, ...heard[1]!].toSorted()).toEqual(ids);
      expect(heard[2]?.toSorted()).toEqual(ids);
    }, WAIT);
    stop.abort();
    await Promise.all(listening);
    const manager = await jetstreamManager(rig.nats.connection);
    expect((await manager.streams.info(rig.streams.factStream)).state.messages).toBe(30);
  },
);

test.skipIf(noNats)(
  "a trace travels in the header, which counts where the event has none, and goes out with each fact",
  async () => {
    const header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const rig = await start();
    const handled = new Map<string, string | undefined>();
    consume(rig, async (batch) => {
      for (const { id, traceparent } of batch) handled.set(id, traceparent);
      return batch.map(replyTo);
    });
    const raw = async (name: string, command: Command): Promise<void> => {
      const headers = newHeaders();
      headers.set(name, header);
      await rig.nats.connection.request(
        `${rig.streams.subjectPrefix}.command.${command.type}`,
        commandEvent(command, "tests", 0),
        { headers, timeout: 5000 },
      );
    };
    await raw("traceparent", { ...commandOf(1), id: "none" });
    await raw("Traceparent", { ...commandOf(1), id: "capital" });
    await raw("traceparent", { ...commandOf(1), id: "own", traceparent: own });
    await vi.waitFor(() => expect(handled.size).toBe(3), WAIT);
    expect(Object.fromEntries(handled)).toEqual({ none: header, capital: header, own });

    const manager = await jetstreamManager(rig.nats.connection);
    await clientOn(rig.nats, { streams: rig.streams }).publish({ ...commandOf(2), traceparent: own });
    await rig.bus.publish([{ ...factOf(1), traceparent: own }, factOf(2)]);
    const told = new Set<string | undefined>();
    for (const seq of [1, 2])
      told.add(
        (await manager.streams.getMessage(rig.streams.factStream, { seq }))?.header.get("traceparent"),
      );
    expect(told).toEqual(new Set(["", own]));
    await vi.waitFor(() => expect(handled.get(commandOf(2).id)).toBe(own), WAIT);
  },
  30_000,
);
