import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Fact } from "@granary/domain";
import { StorageFull } from "@granary/domain";
import { afterAll, expect, test } from "vitest";
import { openJournal } from "../src/journal.ts";
import { memoryBus } from "../src/memoryBus.ts";
import { readJournal } from "../src/readJournal.ts";
import { realClock } from "./clocks.ts";
import { testBus } from "./contract.ts";
import { factOf } from "./factOf.ts";

const base = await mkdtemp(join(tmpdir(), "granary-journal-"));
let count = 0;
const newPath = (): string => join(base, String((count += 1)), "facts.jsonl");

afterAll(() => rm(base, { recursive: true, force: true }));

testBus("memory with a journal", async () => {
  const journal = await openJournal(newPath());
  const bus = memoryBus({ clock: realClock, journal, retryMs: 10 });
  return { bus, send: bus.send, close: async () => journal[Symbol.asyncDispose]() };
});

test("published facts are read back in their order, repeats included", async () => {
  const path = newPath();
  await using journal = await openJournal(path);
  const bus = memoryBus({ clock: realClock, journal });
  await bus.publish([factOf(1), factOf(2)]);
  expect(await facts(path)).toEqual([factOf(1), factOf(2)]);
  await bus.publish([factOf(2), factOf(3)]);
  expect(await facts(path)).toEqual([factOf(1), factOf(2), factOf(2), factOf(3)]);
});

test("a fact is durable before it is heard", async () => {
  const path = newPath();
  await using journal = await openJournal(path);
  const bus = memoryBus({ clock: realClock, journal });
  const stop = new AbortController();
  const heard = Promise.withResolvers<string>();
  const listening = bus.wake(() => void readFile(path, "utf8").then(heard.resolve), stop.signal);
  await bus.publish([factOf(1)]);
  expect(await heard.promise).toContain(factOf(1).id);
  stop.abort();
  await listening;
});

test("facts published at the same time share writes", async () => {
  const path = newPath();
  await using journal = await openJournal(path);
  await Promise.all(Array.from({ length: 200 }, (_, n) => journal.append([factOf(n)])));
  expect(await facts(path)).toEqual(Array.from({ length: 200 }, (_, n) => factOf(n)));
  // Each write begins with a line end of its own, so empty lines count the writes.
  const writes = (await readFile(path, "utf8")).split("\n").filter((line) => line === "").length - 1;
  expect(writes).toBeLessThan(20);
});

test("a line torn by a crash is left out, and spoils nothing that comes after it", async () => {
  const path = newPath();
  {
    await using journal = await openJournal(path);
    await journal.append([factOf(1)]);
    await journal.append([factOf(2)]);
  }
  const whole = (await readFile(path)).byteLength;
  await truncate(path, whole - 10);
  expect(await facts(path)).toEqual([factOf(1)]);
  await using journal = await openJournal(path);
  await journal.append([factOf(3)]);
  const torn: number[] = [];
  expect(await facts(path, torn)).toEqual([factOf(1), factOf(3)]);
  expect(torn).toEqual([4]);
});

test("another writer's torn line, while this one is open, spoils nothing either", async () => {
  const path = newPath();
  await using journal = await openJournal(path);
  await journal.append([factOf(1)]);
  await appendFile(path, `\n${JSON.stringify(factOf(2)).slice(0, 40)}`);
  await journal.append([factOf(3)]);
  await appendFile(path, "\0\0\0");
  expect(await facts(path)).toEqual([factOf(1), factOf(3)]);
});

test("a line longer than what is read at a time comes back whole", async () => {
  const path = newPath();
  await using journal = await openJournal(path);
  const long = factOf(1, "ä\u2028".repeat(200_000));
  await journal.append([long, factOf(2)]);
  expect(await facts(path)).toEqual([long, factOf(2)]);
});

test("no journal holds no facts", async () => {
  expect(await facts(newPath())).toEqual([]);
});

test("a closed journal takes nothing more", async () => {
  const path = newPath();
  const journal = await openJournal(path);
  const writing = journal.append([factOf(1)]);
  await journal[Symbol.asyncDispose]();
  await writing;
  expect(await facts(path)).toEqual([factOf(1)]);
  await expect(journal.append([factOf(2)])).rejects.toThrow("closed");
});

test.skipIf(process.platform !== "linux")(
  "a full device is told as StorageFull, and publish fails",
  async () => {
    await using journal = await openJournal("/dev/full");
    const bus = memoryBus({ clock: realClock, journal });
    await expect(bus.publish([factOf(1)])).rejects.toThrow(StorageFull);
  },
);

test("several processes append to one journal, and one killed at work loses nothing it was told is durable", async () => {
  const path = newPath();
  const appenders = [0, 1000, 2000].map((first) => {
    const child = spawn(
      process.execPath,
      ["--conditions=@granary/source", join(import.meta.dirname, "appender.ts"), path, String(first), "150"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const durable: string[] = [];
    createInterface({ input: child.stdout }).on("line", (id) => {
      durable.push(id);
      if (first === 0 && durable.length === 40) child.kill("SIGKILL");
    });
    return { durable, ended: once(child, "close") };
  });
  await Promise.all(appenders.map(({ ended }) => ended));
  const found = new Set((await facts(path)).map(({ id }) => id));
  for (const { durable } of appenders) expect(durable.filter((id) => !found.has(id))).toEqual([]);
  expect(appenders.map(({ durable }) => durable.length)).toEqual([expect.any(Number), 150, 150]);
  expect(appenders[0]?.durable.length).toBeGreaterThanOrEqual(40);
});

async function facts(path: string, torn: number[] = []): Promise<readonly Fact[]> {
  return Array.fromAsync(readJournal(path, (line) => torn.push(line)));
}
