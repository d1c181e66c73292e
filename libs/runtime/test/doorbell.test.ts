import { expect, test } from "vitest";
import { doorbell } from "../src/index.ts";
import { movedClock, settled } from "./rig.ts";

const never = new AbortController().signal;

/** Whether a wait has come to its end. */
function watched(waiting: Promise<void>): () => boolean {
  let over = false;
  void waiting.then(() => (over = true));
  return () => over;
}

test("a ring wakes everyone who waits, and leaves no sleeper behind", async () => {
  const clock = movedClock();
  const bell = doorbell(clock);
  const over = [watched(bell.listener()(1_000, never)), watched(bell.listener()(1_000, never))];
  await settled();
  expect([over.map((is) => is()), clock.sleepers()]).toEqual([[false, false], 2]);
  bell.ring();
  await settled();
  expect([over.map((is) => is()), clock.sleepers()]).toEqual([[true, true], 0]);
});

test("without a ring a wait ends in its time", async () => {
  const clock = movedClock();
  const over = watched(doorbell(clock).listener()(1_000, never));
  await clock.move(999);
  expect(over()).toBe(false);
  await clock.move(1);
  expect(over()).toBe(true);
});

test("a ring between two waits is not lost: the next wait ends at once, and the one after it waits", async () => {
  const clock = movedClock();
  const bell = doorbell(clock);
  const wait = bell.listener();
  const first = wait(1_000, never);
  bell.ring();
  await first;
  bell.ring();
  bell.ring();
  await wait(1_000, never);
  const third = watched(wait(1_000, never));
  await settled();
  expect(third()).toBe(false);
  bell.ring();
  await settled();
  expect(third()).toBe(true);
});

test("a ring before the first wait, but after the listener began, counts", async () => {
  const bell = doorbell(movedClock());
  bell.ring();
  const wait = bell.listener();
  bell.ring();
  await expect(wait(1_000, never)).resolves.toBeUndefined();
});

test("what was rung before a listener began is none of its business", async () => {
  const bell = doorbell(movedClock());
  bell.ring();
  const over = watched(bell.listener()(1_000, never));
  await settled();
  expect(over()).toBe(false);
});

test("one listener's wake takes nothing from another", async () => {
  const bell = doorbell(movedClock());
  const busy = bell.listener();
  const idle = bell.listener();
  bell.ring();
  await idle(1_000, never);
  await expect(busy(1_000, never)).resolves.toBeUndefined();
});

test("a stop ends a wait, before it and during it", async () => {
  const clock = movedClock();
  const bell = doorbell(clock);
  const wait = bell.listener();
  await wait(1_000, AbortSignal.abort());
  const stop = new AbortController();
  const over = watched(wait(1_000, stop.signal));
  await settled();
  stop.abort();
  await settled();
  expect([over(), clock.sleepers()]).toEqual([true, 0]);
});
