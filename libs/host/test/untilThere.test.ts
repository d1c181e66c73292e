import { BusUnavailable, StoreNotReady, StoreUnavailable } from "@granary/domain";
import type { Clock } from "@granary/domain";
import { expect, test } from "vitest";
import { untilThere } from "../src/untilThere.ts";

function rig() {
  const waits: number[] = [];
  const told: object[] = [];
  const stop = new AbortController();
  const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: async (ms) => void waits.push(ms) };
  const log = { error: (fields: object) => void told.push(fields) };
  return { waits, told, stop, options: { what: "the store", clock, log, stop: stop.signal } };
}

test("what is away is tried again, ever more seldom, and each try is told", async () => {
  const { waits, told, options } = rig();
  let tries = 0;
  const answer = await untilThere(async () => {
    tries += 1;
    if (tries <= 4) throw new StoreUnavailable("away");
    if (tries <= 8) throw new BusUnavailable("away");
    return "there";
  }, options);
  expect(answer).toBe("there");
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  expect(told).toHaveLength(8);
  expect(told[0]).toMatchObject({ what: "the store", retryMs: 500, err: new StoreUnavailable("away") });
});

test("what will not heal by itself is not tried again", async () => {
  const { waits, options } = rig();
  const failing = untilThere(
    async () => Promise.reject(new StoreNotReady("run granary migrate up")),
    options,
  );
  await expect(failing).rejects.toThrow("run granary migrate up");
  expect(waits).toEqual([]);
});

test("a stop ends the waiting with its reason", async () => {
  const { stop, options } = rig();
  const failing = untilThere(async () => {
    stop.abort("told to stop");
    throw new StoreUnavailable("away");
  }, options);
  await expect(failing).rejects.toBe("told to stop");
});
