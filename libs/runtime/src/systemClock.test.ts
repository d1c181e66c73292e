import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { systemClock } from "./systemClock.ts";

test("a sleep lasts at least as long as it was asked to", async () => {
  const from = systemClock.monotonic();
  await systemClock.sleep(30);
  expect(systemClock.monotonic() - from).toBeGreaterThanOrEqual(30);
});

test("an abort ends a sleep at once and without an error, also one longer than any timer", async () => {
  const stop = new AbortController();
  const from = systemClock.monotonic();
  const sleeping = Promise.all([
    systemClock.sleep(3_600_000, stop.signal),
    systemClock.sleep(10_000_000_000, stop.signal),
  ]);
  stop.abort();
  await sleeping;
  await systemClock.sleep(3_600_000, stop.signal);
  expect(systemClock.monotonic() - from).toBeLessThan(5_000);
});

test("a sleep longer than any timer does not end early", async () => {
  const stop = new AbortController();
  let ended = false;
  const sleeping = systemClock.sleep(10_000_000_000, stop.signal).then(() => (ended = true));
  await systemClock.sleep(50);
  expect(ended).toBe(false);
  stop.abort();
  await sleeping;
});

test("a signal that outlives many sleeps keeps none of them", async () => {
  const { signal } = new AbortController();
  for (let n = 0; n < 20; n += 1) await systemClock.sleep(1, signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
