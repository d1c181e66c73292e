import { expect, it } from "vitest";
import { serverClock } from "../src/mongo/serverClock.ts";

/** A server and a process whose clocks have nothing to do with each other. */
function world(startedAt: number) {
  const state = { server: startedAt, monotonic: 70, asked: 0, thereMs: 0, backMs: 0 };
  const pass = (ms: number): void => {
    state.server += ms;
    state.monotonic += ms;
  };
  const clock = serverClock(
    async () => {
      state.asked += 1;
      pass(state.thereMs);
      const localTime = Math.floor(state.server);
      pass(state.backMs);
      return localTime;
    },
    { monotonic: () => state.monotonic },
  );
  return { state, pass, clock };
}

it("is behind the server by the way back at most, and never ahead of it", async () => {
  const { state, pass, clock } = world(1_000_000);
  for (const [thereMs, backMs] of [
    [40, 5],
    [0, 90],
    [3, 0],
    [300, 300],
  ] as const) {
    Object.assign(state, { thereMs, backMs });
    const now = await clock.now();
    expect(now).toBeLessThanOrEqual(state.server);
    expect(now).toBeGreaterThanOrEqual(state.server - 90 - 1);
    pass(6_000);
  }
});

it("asks the server again only after a while, or when it was told to", async () => {
  const { state, pass, clock } = world(5_000);
  await clock.now();
  pass(4_000);
  expect(await clock.now()).toBe(9_000);
  expect(state.asked).toBe(1);
  pass(1_000);
  await clock.now();
  expect(state.asked).toBe(2);
  clock.forget();
  await Promise.all([clock.now(), clock.now()]);
  expect(state.asked).toBe(3);
});

it("does not go back for an answer that took longer", async () => {
  const { state, pass, clock } = world(1_000_000);
  const before = await clock.now();
  Object.assign(state, { thereMs: 0, backMs: 2_000 });
  clock.forget();
  const after = await clock.now();
  expect(after - before).toBe(2_000);
  pass(10);
  expect(await clock.now()).toBe(before + 2_010);
});

it("follows the server where its clock is set, forward and back", async () => {
  const { state, clock } = world(1_000_000);
  await clock.now();
  for (const step of [3_600_000, -7_200_000]) {
    state.server += step;
    clock.forget();
    expect(Math.abs((await clock.now()) - state.server)).toBeLessThanOrEqual(1);
  }
});

it("lags where this process's monotonic clock stood still", async () => {
  const { state, clock } = world(1_000_000);
  const before = await clock.now();
  state.server += 60_000;
  expect(await clock.now()).toBe(before);
});
