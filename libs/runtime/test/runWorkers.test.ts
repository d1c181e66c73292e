import { StoreUnavailable } from "@granary/domain";
import { expect, test } from "vitest";
import { doorbell, runWorkers } from "../src/index.ts";
import type { Worker, WorkersDeps } from "../src/index.ts";
import { anAccount, aSweep, gate, ID, openRig, settled, START, sweeper } from "./rig.ts";
import type { Rig } from "./rig.ts";

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `openai:${at}`);

async function rigWith(count: number): Promise<Rig & WorkersDeps> {
  const rig = await openRig();
  for (const id of ids(count)) await rig.store.insertOnce("sweep", aSweep(id));
  return { ...rig, bell: doorbell(rig.clock), idleMs: 1_000 };
}

/** Steps that wait until they are let go, and what is under way. */
function heldSteps(rig: Rig, concurrency: number) {
  const underWay = new Set<string>();
  const done: string[] = [];
  let most = 0;
  let release = gate();
  const worker = sweeper(
    async (held) => {
      underWay.add(held.id);
      most = Math.max(most, underWay.size);
      await release.opened;
      underWay.delete(held.id);
      done.push(held.id);
      await rig.store.release("sweep", held, START + 3_600_000);
    },
    { concurrency, leaseMs: 600_000 },
  );
  return {
    worker,
    underWay,
    done,
    most: () => most,
    letGo() {
      const { open } = release;
      release = gate();
      open();
    },
  };
}

test("no more steps are under way at once than were asked for, and none is left out", async () => {
  const rig = await rigWith(7);
  const steps = heldSteps(rig, 3);
  const stop = new AbortController();
  const running = runWorkers(rig, [steps.worker], stop.signal);
  for (const expected of [3, 3, 1]) {
    await settled();
    expect(steps.underWay.size).toBe(expected);
    steps.letGo();
  }
  await settled();
  expect(steps.done.toSorted()).toEqual(ids(7));
  expect(steps.most()).toBe(3);
  stop.abort();
  await running;
});

test("a place that becomes free is filled, and no other", async () => {
  const rig = await rigWith(6);
  const gates = new Map(ids(6).map((id) => [id, gate()]));
  const underWay = new Set<string>();
  const worker = sweeper(
    async (held) => {
      underWay.add(held.id);
      await gates.get(held.id)?.opened;
      underWay.delete(held.id);
      await rig.store.release("sweep", held, START + 3_600_000);
    },
    { concurrency: 3, leaseMs: 600_000 },
  );
  const stop = new AbortController();
  const running = runWorkers(rig, [worker], stop.signal);
  await settled();
  const [first = ""] = underWay;
  gates.get(first)?.open();
  await settled();
  expect([underWay.size, underWay.has(first)]).toEqual([3, false]);
  stop.abort();
  for (const { open } of gates.values()) open();
  await running;
});

test("at a stop nothing more is claimed, and what is in hand is waited for", async () => {
  const rig = await rigWith(3);
  const steps = heldSteps(rig, 2);
  const stop = new AbortController();
  let ended = false;
  const running = runWorkers(rig, [steps.worker], stop.signal).then(() => (ended = true));
  await settled();
  stop.abort();
  await settled();
  expect([ended, steps.underWay.size]).toEqual([false, 2]);
  steps.letGo();
  await running;
  expect(steps.done).toHaveLength(2);
  expect(rig.clock.sleepers()).toBe(0);
});

test("a store that is away is told, and asked again after the wait", async () => {
  const rig = await rigWith(1);
  const steps = heldSteps(rig, 1);
  let away = true;
  const store: Rig["store"] = {
    ...rig.store,
    claimDue: async (...args) => {
      if (away) throw new StoreUnavailable("away");
      return rig.store.claimDue(...args);
    },
  };
  const stop = new AbortController();
  const running = runWorkers({ ...rig, store }, [steps.worker], stop.signal);
  await settled();
  await rig.clock.move(1_000);
  expect([rig.told, steps.underWay.size]).toEqual([["nothing claimed", "nothing claimed"], 0]);
  away = false;
  await rig.clock.move(1_000);
  expect(steps.underWay.size).toBe(1);
  stop.abort();
  steps.letGo();
  await running;
});

test("the bell wakes a worker that found nothing to do", async () => {
  const rig = await rigWith(0);
  const steps = heldSteps(rig, 1);
  const stop = new AbortController();
  const running = runWorkers(rig, [steps.worker], stop.signal);
  await settled();
  await rig.store.insertOnce("sweep", aSweep());
  await settled();
  expect(steps.underWay.size).toBe(0);
  rig.bell.ring();
  await settled();
  expect([...steps.underWay]).toEqual([ID]);
  stop.abort();
  steps.letGo();
  await running;
});

test("what one worker's step made due is another's at once", async () => {
  const rig = await rigWith(1);
  await rig.store.insertOnce("account", { ...anAccount(), dueAt: START + 3_600_000 });
  const woken: string[] = [];
  const first = sweeper(async (held) => {
    await rig.store.signal("account", [ID], { type: "wake" });
    await rig.store.release("sweep", held, START + 3_600_000);
  });
  const second: Worker<"account"> = {
    name: "packer",
    kind: "account",
    duty: "submitter",
    accounts: [ID],
    leaseMs: 3_000,
    concurrency: 1,
    step: async (held) => {
      woken.push(held.id);
      await rig.store.release("account", held, START + 3_600_000);
    },
  };
  const stop = new AbortController();
  const running = runWorkers(rig, [second, first], stop.signal);
  await settled();
  expect(woken).toEqual([ID]);
  stop.abort();
  await running;
});

test("documents of accounts that this process does not have are left alone", async () => {
  const rig = await rigWith(3);
  const steps = heldSteps(rig, 3);
  const stop = new AbortController();
  const running = runWorkers(rig, [{ ...steps.worker, accounts: ["openai:1"] }], stop.signal);
  await settled();
  expect([...steps.underWay]).toEqual(["openai:1"]);
  stop.abort();
  steps.letGo();
  await running;
});

test("a step that fails takes nobody with it", async () => {
  const rig = await rigWith(2);
  const done: string[] = [];
  const worker = sweeper(
    async (held) => {
      if (held.id === "openai:0") throw new Error("broken");
      done.push(held.id);
      await rig.store.release("sweep", held, START + 3_600_000);
    },
    { concurrency: 1 },
  );
  const stop = new AbortController();
  const running = runWorkers(rig, [worker], stop.signal);
  await settled();
  expect([done, rig.told]).toEqual([["openai:1"], ["step failed"]]);
  stop.abort();
  await running;
});
