import { setImmediate as answered } from "node:timers/promises";
import type { Clock } from "@granary/domain";
import { StoreUnavailable } from "@granary/domain";
import { expect, it } from "vitest";
import { storeClock } from "../src/storeClock.ts";

const TRUE_TIME = 1_000_000;

/** A machine whose wall clock is wrong, and a store that is right. */
function skewed(skewMs: number) {
  const world = { passedMs: 0, wallStepMs: 0, isAway: false, asked: 0, thereMs: 0, backMs: 0 };
  const machine: Clock = {
    now: () => TRUE_TIME + world.passedMs + skewMs + world.wallStepMs,
    monotonic: () => world.passedMs,
    sleep: async () => {},
  };
  const store = {
    async now() {
      world.asked += 1;
      if (world.isAway) throw new StoreUnavailable("it is away");
      world.passedMs += world.thereMs;
      const told = TRUE_TIME + world.passedMs;
      world.passedMs += world.backMs;
      return told;
    },
  };
  return { world, machine, store };
}

it.each([600_000, -600_000, 0])("a machine that is %d ms wrong tells the store's time", async (skewMs) => {
  const { world, machine, store } = skewed(skewMs);
  const clock = await storeClock(store, machine);
  expect(clock.now()).toBe(TRUE_TIME);
  world.passedMs = 4_999;
  expect(clock.now()).toBe(TRUE_TIME + 4_999);
  expect(world.asked).toBe(1);
  expect(clock.wall?.()).toBe(TRUE_TIME + 4_999 + skewMs);
  expect(clock.monotonic()).toBe(4_999);
});

it("a wall clock that is set is made up for once the estimate is old", async () => {
  const { world, machine, store } = skewed(0);
  const clock = await storeClock(store, machine);
  world.wallStepMs = 3_600_000;
  world.passedMs = 5_000;
  clock.now();
  await answered();
  expect(clock.now()).toBe(TRUE_TIME + 5_000);
  expect(clock.wall?.()).toBe(TRUE_TIME + 3_605_000);
});

it("the last estimate stands while the store is away", async () => {
  const { world, machine, store } = skewed(600_000);
  const clock = await storeClock(store, machine);
  world.isAway = true;
  world.passedMs = 60_000;
  clock.now();
  await answered();
  expect(clock.now()).toBe(TRUE_TIME + 60_000);
  expect(world.asked).toBe(2);
});

it("of an answer that took a while half is made up for, and one that took too long says nothing", async () => {
  const { world, machine, store } = skewed(600_000);
  Object.assign(world, { thereMs: 100, backMs: 300 });
  const clock = await storeClock(store, machine);
  const off = clock.now() - (TRUE_TIME + world.passedMs);
  expect(Math.abs(off)).toBeLessThanOrEqual(200);
  Object.assign(world, { thereMs: 0, backMs: 20_000 });
  world.passedMs += 5_000;
  clock.now();
  await answered();
  expect(world.asked).toBe(2);
  expect(clock.now()).toBe(TRUE_TIME + world.passedMs + off);
});

it("a store that is away at first is said to be", async () => {
  const { world, machine, store } = skewed(0);
  world.isAway = true;
  await expect(storeClock(store, machine)).rejects.toThrow(StoreUnavailable);
});
