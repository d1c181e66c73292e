import type { Command } from "@granary/domain";
import { expect, test } from "vitest";
import { memoryBus } from "../src/memoryBus.ts";
import { handClock, realClock, settled } from "./clocks.ts";
import { commandOf, replyTo, testBus } from "./contract.ts";
import { factOf } from "./factOf.ts";

testBus("memory", async () => {
  const bus = memoryBus({ clock: realClock, retryMs: 10 });
  return { bus, send: bus.send, close: async () => {} };
});

test("a batch waits 20 ms after its first command, on the clock it is given", async () => {
  const clock = handClock();
  const bus = memoryBus({ clock });
  const stop = new AbortController();
  const batches: (readonly Command[])[] = [];
  const consuming = bus.commands(async (batch) => {
    batches.push(batch);
    return batch.map(replyTo);
  }, stop.signal);
  void bus.send(commandOf(1));
  await settled();
  await clock.advance(19);
  void bus.send(commandOf(2));
  await settled();
  expect(batches).toEqual([]);
  await clock.advance(1);
  expect(batches).toEqual([[commandOf(1), commandOf(2)]]);
  stop.abort();
  await consuming;
});

test("a full batch does not wait, and the rest makes the next one", async () => {
  const clock = handClock();
  const bus = memoryBus({ clock });
  const stop = new AbortController();
  const sizes: number[] = [];
  const consuming = bus.commands(async (batch) => {
    sizes.push(batch.length);
    return batch.map(replyTo);
  }, stop.signal);
  for (let n = 0; n < 501; n += 1) void bus.send(commandOf(n));
  await settled();
  expect(sizes).toEqual([500]);
  await clock.advance(20);
  expect(sizes).toEqual([500, 1]);
  stop.abort();
  await consuming;
});

test("commands whose handler threw come again after the delay, in their order, before later ones", async () => {
  const clock = handClock();
  const bus = memoryBus({ clock, gatherMs: 0, retryMs: 1000 });
  const stop = new AbortController();
  const batches: string[][] = [];
  const consuming = bus.commands(async (batch) => {
    batches.push(batch.map(({ id }) => id));
    if (batches.length === 1) throw new Error("the store is away");
    // Too few answers are no answers.
    return batches.length === 2 ? [] : batch.map(replyTo);
  }, stop.signal);
  const answers = [bus.send(commandOf(1)), bus.send(commandOf(2))];
  await settled();
  await clock.advance(0);
  answers.push(bus.send(commandOf(3)));
  await clock.advance(999);
  expect(batches).toEqual([["command-1", "command-2"]]);
  await clock.advance(1);
  await clock.advance(0);
  expect(batches.at(1)).toEqual(["command-1", "command-2", "command-3"]);
  await clock.advance(1000);
  await clock.advance(0);
  expect(await Promise.all(answers)).toEqual([1, 2, 3].map((n) => replyTo(commandOf(n))));
  stop.abort();
  await consuming;
});

test("publish without a journal settles before anything but microtasks has run", async () => {
  const bus = memoryBus({ clock: handClock() });
  const stop = new AbortController();
  const heard: string[] = [];
  const listening = bus.wake((fact) => heard.push(fact.id), stop.signal);
  let turned = false;
  setImmediate(() => (turned = true));
  await bus.publish([factOf(1), factOf(2)]);
  expect(heard).toEqual([factOf(1).id, factOf(2).id]);
  expect(turned).toBe(false);
  stop.abort();
  await listening;
});

test("what a listener throws is told to whoever wants to know", async () => {
  const faults: unknown[] = [];
  const bus = memoryBus({ clock: handClock(), onFault: (error) => faults.push(error) });
  const stop = new AbortController();
  const listening = bus.wake(() => {
    throw new Error("deaf");
  }, stop.signal);
  await bus.publish([factOf(1)]);
  expect(faults).toEqual([new Error("deaf")]);
  stop.abort();
  await listening;
});
