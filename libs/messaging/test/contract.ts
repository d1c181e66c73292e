import type { Bus, Command, Reply } from "@granary/domain";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { factOf } from "./factOf.ts";

/** A bus under test, and the way commands get onto it. */
export interface BusRig {
  readonly bus: Bus;
  readonly send: (command: Command) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

const DEADLINE = { timeout: 10_000, interval: 5 };

/** What every bus has to do, in real time. `open` gives one that holds nothing. */
export function testBus(name: string, open: () => Promise<BusRig>): void {
  async function start(): Promise<BusRig & { stop: AbortController }> {
    const rig = await open();
    const stop = new AbortController();
    onTestFinished(async () => {
      stop.abort();
      await rig.close();
    });
    return { ...rig, stop };
  }

  describe(`${name} as a bus`, () => {
    test("a published fact is heard by everyone who listens", async () => {
      const { bus, stop } = await start();
      const heard: string[][] = [[], []];
      const listening = heard.map((ids) => bus.wake((fact) => ids.push(fact.id), stop.signal));
      await vi.waitFor(async () => {
        await bus.publish([factOf(1)]);
        expect(heard.every((ids) => ids.includes(factOf(1).id))).toBe(true);
      }, DEADLINE);
      stop.abort();
      await Promise.all(listening);
    });

    test("publishing the same fact again, or none, is no fault", async () => {
      const { bus } = await start();
      await expect(bus.publish([factOf(1), factOf(1)])).resolves.toBeUndefined();
      await expect(bus.publish([factOf(1)])).resolves.toBeUndefined();
      await expect(bus.publish([])).resolves.toBeUndefined();
    });

    test("a listener that throws harms neither the publisher nor another listener", async () => {
      const { bus, stop } = await start();
      const heard: string[] = [];
      const listening = [
        bus.wake(() => {
          throw new Error("deaf");
        }, stop.signal),
        bus.wake((fact) => heard.push(fact.id), stop.signal),
      ];
      await vi.waitFor(async () => {
        await bus.publish([factOf(7)]);
        expect(heard).toContain(factOf(7).id);
      }, DEADLINE);
      stop.abort();
      await Promise.all(listening);
    });

    test("after its stop a listener hears nothing", async () => {
      const { bus, stop } = await start();
      const heard: string[] = [];
      const listening = bus.wake((fact) => heard.push(fact.id), stop.signal);
      stop.abort();
      await listening;
      await bus.publish([factOf(1)]);
      expect(heard).toEqual([]);
      await bus.wake((fact) => heard.push(fact.id), stop.signal);
    });

    test("each command gets its own answer", async () => {
      const { bus, send, stop } = await start();
      const consuming = bus.commands(async (batch) => batch.map(replyTo), stop.signal);
      const commands = Array.from({ length: 50 }, (_, n) => commandOf(n));
      expect(await Promise.all(commands.map(send))).toEqual(commands.map(replyTo));
      stop.abort();
      await consuming;
    });

    test("commands that come together are handed over together, and never more than 500", async () => {
      const { bus, send, stop } = await start();
      const sizes: number[] = [];
      const answers = Array.from({ length: 1200 }, (_, n) => send(commandOf(n)));
      const consuming = bus.commands(async (batch) => {
        sizes.push(batch.length);
        return batch.map(replyTo);
      }, stop.signal);
      await Promise.all(answers);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
      expect(sizes.length).toBeLessThan(120);
      stop.abort();
      await consuming;
    });

    test("a handler that throws gets its commands again, and nobody has an answer before", async () => {
      const { bus, send, stop } = await start();
      let calls = 0;
      let answered = false;
      const consuming = bus.commands(async (batch) => {
        calls += 1;
        expect(answered).toBe(false);
        if (calls < 3) throw new Error("the store is away");
        return batch.map(replyTo);
      }, stop.signal);
      const reply = await send(commandOf(1));
      answered = true;
      expect(reply).toEqual(replyTo(commandOf(1)));
      expect(calls).toBe(3);
      stop.abort();
      await consuming;
    });

    test("of several consumers one gets a command", async () => {
      const { bus, send, stop } = await start();
      const seen: string[] = [];
      const consuming = [1, 2, 3].map(() =>
        bus.commands(async (batch) => {
          seen.push(...batch.map(({ id }) => id));
          return batch.map(replyTo);
        }, stop.signal),
      );
      await Promise.all(Array.from({ length: 30 }, (_, n) => send(commandOf(n))));
      expect(seen.toSorted()).toEqual(Array.from({ length: 30 }, (_, n) => commandOf(n).id).toSorted());
      stop.abort();
      await Promise.all(consuming);
    });

    test("a stop lets the handler finish, and leaves the rest to the next consumer", async () => {
      const { bus, send, stop } = await start();
      const entered = Promise.withResolvers<void>();
      const leave = Promise.withResolvers<void>();
      const consuming = bus.commands(async (batch) => {
        entered.resolve();
        await leave.promise;
        return batch.map(replyTo);
      }, stop.signal);
      const first = send(commandOf(1));
      await entered.promise;
      const second = send(commandOf(2));
      stop.abort();
      leave.resolve();
      await consuming;
      expect(await first).toEqual(replyTo(commandOf(1)));
      const stopNext = new AbortController();
      const next = bus.commands(async (batch) => batch.map(replyTo), stopNext.signal);
      expect(await second).toEqual(replyTo(commandOf(2)));
      stopNext.abort();
      await next;
    });
  });
}

export function commandOf(n: number): Command {
  return { id: `command-${n}`, type: "poll", data: { taskId: `task-${n}` } };
}

export function replyTo({ id }: Command): Reply {
  return { id: null, requestId: id, status: "accepted" };
}
