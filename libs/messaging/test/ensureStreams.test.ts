import { BusUnavailable } from "@granary/domain";
import { jetstreamManager } from "@nats-io/jetstream";
import { expect, test } from "vitest";
import { ensureStreams } from "../src/jetstream/ensureStreams.ts";
import { settingDifferences, StreamsDiffer } from "../src/jetstream/settingDifferences.ts";
import { streamsOf } from "../src/jetstream/streams.ts";
import { commandStreamSettings, factStreamSettings } from "../src/jetstream/streamSettings.ts";
import { connected, noNats, newServer, newStreams } from "./natsRig.ts";

test("what only newer servers know is left out on older ones, and nothing else", () => {
  const streams = streamsOf();
  const old = commandStreamSettings(streams, "2.9.25");
  expect(commandStreamSettings(streams, "2.10.0")).toEqual({
    ...old,
    compression: "s2",
    metadata: { "granary-streams": "1" },
  });
  expect(old).toMatchObject({ name: "GRANARY_COMMANDS", subjects: ["granary.v1.command.>"], discard: "new" });
  expect(factStreamSettings(streams, "2.9.25")).toMatchObject({
    name: "GRANARY_FACTS",
    subjects: ["granary.v1.fact.>"],
    max_age: 14 * 86_400 * 1e9,
    deny_delete: true,
  });
});

test("a setting that the server does not say back is a difference, unless it is empty", () => {
  const wanted = { a: 1, b: false, c: "", d: 0, e: ["x"], f: { own: "1" }, max_age: 5 };
  const found = { e: ["x"], f: { own: "1", _nats: "y" }, max_age: 6 };
  expect(settingDifferences("S", found, wanted)).toEqual([
    { of: "S", field: "a", found: null, wanted: 1, harmless: false },
    { of: "S", field: "max_age", found: 6, wanted: 5, harmless: true },
  ]);
});

test.skipIf(noNats)("streams and consumers are made once, also by many at a time", async () => {
  const server = await newServer();
  const nats = await connected(server.url);
  const streams = streamsOf(newStreams());
  const made = await Promise.all(
    [1, 2, 3, 4].map(() => ensureStreams(nats, { streams, services: ["monitor", "harvester"] })),
  );
  for (const { differs, commandsCreatedAt } of made) {
    expect(differs).toEqual([]);
    expect(commandsCreatedAt).toBe(made[0]?.commandsCreatedAt);
  }
  expect(await ensureStreams(nats, { streams, services: ["monitor"] })).toMatchObject({ created: [] });
  const manager = await jetstreamManager(nats.connection);
  const consumers = await manager.consumers.list(streams.factStream).next();
  expect(consumers.map(({ name }) => name).toSorted()).toEqual(["wake-harvester", "wake-monitor"]);
});

test.skipIf(noNats)("streams that differ are told setting by setting, with what to do", async () => {
  const server = await newServer();
  const nats = await connected(server.url);
  const streams = streamsOf(newStreams());
  const manager = await jetstreamManager(nats.connection);
  const name = streams.commandStream;
  await manager.streams.add({
    name,
    subjects: [`${streams.subjectPrefix}.command.>`],
    retention: "limits",
    discard: "old",
    max_bytes: 1000,
  });
  await manager.consumers.add(name, { durable_name: "submitter", ack_policy: "explicit", max_deliver: 5 });
  const error = await ensureStreams(nats, { streams }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StreamsDiffer);
  const { message, differences } = error as StreamsDiffer;
  const fields = differences.filter(({ harmless }) => !harmless).map(({ of, field }) => `${of} ${field}`);
  expect(fields).toEqual([
    `${name} discard`,
    `${name} duplicate_window`,
    `${name} retention`,
    `${name}/submitter filter_subject`,
    `${name}/submitter max_deliver`,
  ]);
  expect(message).toContain(`${name} retention: found "limits", wanted "workqueue"`);
  expect(message).toContain(`${name}/submitter max_deliver: found 5, wanted -1`);
  expect(message).toContain("remove it while no Granary service runs");
});

test.skipIf(noNats)("sizes and ages that differ are told, and put right where that is wanted", async () => {
  const server = await newServer();
  const nats = await connected(server.url);
  const before = streamsOf(newStreams());
  await ensureStreams(nats, { streams: before });
  const streams = { ...before, factMaxBytes: 2_000_000, factMaxAgeMs: 86_400_000 };
  const told = await ensureStreams(nats, { streams });
  expect(told.updated).toEqual([]);
  expect(told.differs.map(({ of, field }) => `${of} ${field}`)).toEqual([
    `${streams.factStream} max_bytes`,
    `${streams.factStream} max_age`,
  ]);
  expect((await ensureStreams(nats, { streams, update: true })).updated).toHaveLength(2);
  expect(await ensureStreams(nats, { streams })).toMatchObject({ differs: [], updated: [] });
});

test.skipIf(noNats)("streams for which the server has no room are told with the remedy", async () => {
  const server = await newServer({ maxFileStoreBytes: 10_000_000 });
  const nats = await connected(server.url);
  const making = ensureStreams(nats, { streams: streamsOf(newStreams()) });
  await expect(making).rejects.toThrow(BusUnavailable);
  await expect(making).rejects.toThrow("give it more room, or make the streams smaller");
});
