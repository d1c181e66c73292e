import type { Bus, Fact } from "@granary/domain";
import { StoreUnavailable } from "@granary/domain";
import { expect, test } from "vitest";
import { change, doorbell, relayOnce, runRelay } from "../src/index.ts";
import type { WorkersDeps } from "../src/index.ts";
import { aSweep, FACT, ID, openRig, settled } from "./rig.ts";
import type { Rig } from "./rig.ts";

/** A bus that keeps what was published, and may be away. */
function keepingBus() {
  const published: Fact[] = [];
  const state = { away: false, beforePublish: () => {} };
  const bus: Bus = {
    async publish(facts) {
      state.beforePublish();
      if (state.away) throw new Error("the bus is away");
      published.push(...facts);
    },
    commands: async () => {},
    wake: async () => {},
  };
  return { bus, state, ids: () => published.map(({ id }) => id) };
}

/** Tells facts on one document, one write each. */
async function tell({ store }: Rig, count: number): Promise<readonly string[]> {
  await store.insertOnce("sweep", aSweep());
  let held = (await store.load("sweep", ID))!;
  const from = held.eventSeq;
  for (let told = 0; told < count; told += 1)
    held = (await change(store, "sweep", held, (next) => ({ next, facts: [FACT] }), {
      at: told,
      asOwner: false,
    }))!;
  return Array.from({ length: count }, (_, at) => `sweep:${ID}:${from + at + 1}`);
}

const withBell = (rig: Rig): Rig & WorkersDeps => ({ ...rig, bell: doorbell(rig.clock), idleMs: 250 });

test("facts go out in the order they were told, and are dropped", async () => {
  const rig = await openRig();
  const { bus, ids } = keepingBus();
  const told = await tell(rig, 12);
  expect(await relayOnce(rig.store, bus)).toBe(12);
  expect(ids()).toEqual(told);
  expect(await rig.store.pendingFacts(10)).toEqual([]);
  expect(await relayOnce(rig.store, bus)).toBe(0);
});

test("a crash between publishing and dropping publishes the same ids again, and no others", async () => {
  const rig = await openRig();
  const { bus, ids } = keepingBus();
  const told = await tell(rig, 2);
  const dying = {
    ...rig.store,
    dropFacts: async () => {
      throw new StoreUnavailable("died");
    },
  };
  await expect(relayOnce(dying, bus)).rejects.toThrow(StoreUnavailable);
  const later = await tell(rig, 1);
  await relayOnce(rig.store, bus);
  expect(ids()).toEqual([...told, ...told, ...later]);
  expect(await rig.store.pendingFacts(10)).toEqual([]);
});

test("what the bus did not take stays", async () => {
  const rig = await openRig();
  const { bus, state, ids } = keepingBus();
  const told = await tell(rig, 1);
  state.away = true;
  await expect(relayOnce(rig.store, bus)).rejects.toThrow("the bus is away");
  state.away = false;
  await relayOnce(rig.store, bus);
  expect(ids()).toEqual(told);
});

test("a fact told while others are published is not dropped with them", async () => {
  const rig = await openRig();
  const { bus, state, ids } = keepingBus();
  const told = await tell(rig, 1);
  let late: Promise<readonly string[]> = Promise.resolve([]);
  state.beforePublish = () => {
    late = tell(rig, 1);
    state.beforePublish = () => {};
  };
  await relayOnce(rig.store, bus);
  const later = await late;
  await relayOnce(rig.store, bus);
  expect(ids()).toEqual([...told, ...later]);
});

test("the relay goes on after trouble, is woken by the bell, and empties whole pages without waiting", async () => {
  const rig = withBell(await openRig());
  const { bus, state, ids } = keepingBus();
  const stop = new AbortController();
  const told = [...(await tell(rig, 1_001))];
  state.away = true;
  const running = runRelay(rig, bus, stop.signal);
  await settled();
  expect(rig.told).toEqual(["facts not relayed"]);
  state.away = false;
  await rig.clock.move(250);
  expect(ids()).toEqual(told);
  told.push(...(await tell(rig, 1)));
  rig.bell.ring();
  await settled();
  expect(ids()).toEqual(told);
  stop.abort();
  await running;
});

test("after a stop the relay sends once more what was told until then", async () => {
  const rig = withBell(await openRig());
  const { bus, ids } = keepingBus();
  const stop = new AbortController();
  const running = runRelay(rig, bus, stop.signal);
  await settled();
  const told = await tell(rig, 3);
  stop.abort();
  await running;
  expect(ids()).toEqual(told);
  expect(rig.clock.sleepers()).toBe(0);
});
