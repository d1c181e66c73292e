import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { CLEAN } from "../src/distributed/distributedSite.ts";
import { onEachDatabase } from "../src/distributed/eachStore.ts";
import { submitMixed } from "../src/distributed/submitMixed.ts";
import { itemsOf } from "../src/e2e/mixedRequests.ts";
import { rigOfTest } from "../src/e2e/rigOfTest.ts";
import { waitUntil } from "../src/e2e/waitUntil.ts";
import { openProxiedSite } from "../src/proxy/proxiedSite.ts";
import type { ProxiedSite } from "../src/proxy/proxiedSite.ts";
import { openRawLine, startEchoServer } from "../src/proxy/rawLine.ts";
import type { RawLine } from "../src/proxy/rawLine.ts";
import type { TcpProxy } from "../src/proxy/tcpProxy.ts";
import { startTcpProxy } from "../src/proxy/tcpProxy.ts";
import { random } from "../src/simulation/random.ts";
import type { Random } from "../src/simulation/random.ts";

const TEST_MS = 240_000;
const PHASE_MS = 4_000;
const READY_MS = 120_000;
const PACE = { validatingMs: 100, jobMs: 900, lineMs: 1, finalizingMs: 100, jitter: 0.5 };

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

async function lineOf(): Promise<{ proxy: TcpProxy; line: RawLine; heard: () => string }> {
  const server = await startEchoServer();
  const proxy = await startTcpProxy();
  proxy.aim(server.port);
  const line = await openRawLine(proxy.port);
  onTestFinished(async () => {
    line.close();
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  return { proxy, line, heard: server.heard };
}

describe("a line with a will of its own", () => {
  test("passes bytes on, late where it is told so, and slowly", async () => {
    const { proxy, line } = await lineOf();
    line.send("one");
    await waitUntil("it comes back", () => line.heard() === "one");
    proxy.behave({ delayMs: 200 });
    const sentAt = performance.now();
    line.send("two");
    await waitUntil("it comes back late", () => line.heard() === "onetwo");
    expect(performance.now() - sentAt).toBeGreaterThan(390);
    proxy.behave({ bytesPerSecond: 1_000 });
    const slowAt = performance.now();
    line.send("x".repeat(300));
    await waitUntil("it comes back slowly", () => line.heard().length === 306);
    expect(performance.now() - slowAt).toBeGreaterThan(590);
  });

  test("holds everything, and lets it go again in its order", async () => {
    const { proxy, line, heard } = await lineOf();
    proxy.behave({ holds: true });
    line.send("one");
    line.send("two");
    await wait(300);
    expect(heard()).toBe("");
    proxy.behave({});
    await waitUntil("it comes back", () => line.heard() === "onetwo");
    expect(line.ended()).toBeUndefined();
  });

  test("loses an answer after the server has heard, and breaks", async () => {
    const { proxy, line, heard } = await lineOf();
    proxy.behave({ losesAnswer: () => true });
    line.send("pay");
    await waitUntil("the line breaks", () => line.ended() !== undefined);
    expect({ heard: heard(), answer: line.heard(), ended: line.ended() }).toEqual({
      heard: "pay",
      answer: "",
      ended: "ECONNRESET",
    });
    expect(proxy.done).toEqual({ connections: 1, resets: 0, answersLost: 1 });
  });

  test("resets what stands, and takes new connections", async () => {
    const { proxy, line } = await lineOf();
    line.send("one");
    await waitUntil("it comes back", () => line.heard() === "one");
    expect(proxy.reset()).toBe(1);
    await waitUntil("the line breaks", () => line.ended() === "ECONNRESET");
    const other = await openRawLine(proxy.port);
    other.send("two");
    await waitUntil("it comes back", () => other.heard() === "two");
    other.close();
  });
});

/** Something goes wrong for a while, and then no more. */
async function phase(name: string, proxy: TcpProxy, act: () => void): Promise<void> {
  const before = { ...proxy.done };
  const until = performance.now() + PHASE_MS;
  while (performance.now() < until) {
    act();
    await wait(400);
  }
  proxy.behave({});
  const { resets, answersLost } = proxy.done;
  console.log(`${name}: ${resets - before.resets} resets, ${answersLost - before.answersLost} answers lost`);
}

async function endsQuietly(site: ProxiedSite): Promise<void> {
  await Promise.all(site.stack.services.map(async (service) => service.becomesReady(READY_MS)));
  await site.settles();
  expect(await site.prove()).toEqual(CLEAN);
  expect(new Set(await site.stops())).toEqual(new Set([0]));
}

/** Somebody submits again and again, whatever becomes of the lines. */
async function submits(site: ProxiedSite, name: string): Promise<void> {
  await site.caller.submit({ requestId: name, items: itemsOf(8, `${name}: say`) });
}

await onEachDatabase(({ kind }) => {
  test(
    "three services work through a database and a broker that are slow, break, and lose answers, and end everything once",
    async () => {
      // The same draws again: SEED=…; what they meet is the processes' doing.
      console.log(`proxy: seed ${seed}`);
      const chance: Random = random(seed);
      const site = await openProxiedSite(await rigOfTest(), {
        store: kind,
        replicas: 1,
        scenario: { seed, pace: PACE },
      });
      const { toDatabase, toNats } = site;
      await submitMixed(site, "quiet", { few: true });

      const slow = submits(site, "slow");
      await phase("a slow database", toDatabase, () => toDatabase.behave({ delayMs: chance.below(60) }));
      const losing = submits(site, "losing");
      await phase("a database whose answers are lost", toDatabase, () =>
        toDatabase.behave({ losesAnswer: () => chance.chance(0.04) }),
      );
      const breaking = submits(site, "breaking");
      await phase("a database whose connections break", toDatabase, () => void toDatabase.reset());
      const held = submits(site, "held");
      await phase("a database that is silent", toDatabase, () => toDatabase.behave({ holds: true }));
      const nats = submits(site, "nats");
      await phase("a broker that is slow and breaks", toNats, () => {
        toNats.behave({ delayMs: chance.below(80) });
        if (chance.chance(0.5)) toNats.reset();
      });
      // Or nothing was proved.
      expect(toDatabase.done.answersLost).toBeGreaterThan(3);
      expect(toDatabase.done.resets).toBeGreaterThan(5);
      expect(toNats.done.resets).toBeGreaterThan(0);

      await Promise.all([slow, losing, breaking, held, nats]);
      for (const name of ["slow", "losing", "breaking", "held", "nats"])
        expect(await site.ends(name)).toMatchObject({ result: "succeeded", itemCount: 8 });
      await endsQuietly(site);
    },
    TEST_MS,
  );
});
