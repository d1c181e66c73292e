import type { SweepDoc } from "@granary/domain";
import { LeaseLost, StorageFull, StoreUnavailable } from "@granary/domain";
import { expect, test } from "vitest";
import { change, claim, runStep } from "../src/index.ts";
import type { Worker } from "../src/index.ts";
import { aSweep, gate, ID, openRig, settled, START, sweeper } from "./rig.ts";
import type { Rig } from "./rig.ts";

async function claimed(rig: Rig, worker: Worker<"sweep">): Promise<SweepDoc> {
  await rig.store.insertOnce("sweep", aSweep());
  const [held] = await claim(rig, worker, 1);
  if (!held) throw new Error("nothing to claim");
  return held;
}

const never = new AbortController().signal;

/** Runs a step that fails, and the document as it then is. */
async function afterFailing(error: unknown, { stop = never, strikes = 1 } = {}) {
  const rig = await openRig();
  const worker = sweeper(async () => {
    throw error;
  });
  let held = await claimed(rig, worker);
  for (let strike = 1; strike < strikes; strike += 1) {
    await rig.clock.move(3_001);
    [held = held] = await claim(rig, worker, 1);
  }
  const at = rig.clock.now();
  await runStep(rig, worker, held, stop);
  const doc = await rig.store.load("sweep", ID);
  return { told: rig.told, doc, dueInMs: (doc?.dueAt ?? 0) - at, at };
}

test("a step that ends by a save of its own has the last word on lease and due time", async () => {
  const rig = await openRig();
  const worker = sweeper(async (held) => {
    await change(rig.store, "sweep", held, (doc) => ({ next: { ...doc, seq: 1 } }), {
      at: 1,
      release: true,
      dueAt: START + 9,
    });
  });
  await runStep(rig, worker, await claimed(rig, worker), never);
  expect(await rig.store.load("sweep", ID)).toMatchObject({
    seq: 1,
    owner: null,
    strikes: 0,
    dueAt: START + 9,
  });
  expect(rig.told).toEqual([]);
});

test("a step that fails waits for longer with every strike, and keeps them", async () => {
  const error = new Error("nobody foresaw this");
  for (const [strikes, dueInMs] of [
    [1, 2_000],
    [2, 4_000],
    [4, 16_000],
  ]) {
    const { doc, told, dueInMs: waits } = await afterFailing(error, { strikes: strikes! });
    expect([waits, doc?.strikes, doc?.owner, doc?.leaseUntil]).toEqual([dueInMs, strikes, null, 0]);
    expect(told).toEqual(["step failed"]);
  }
});

test("a full disk waits some seconds, and is no strike", async () => {
  const { doc, dueInMs, told } = await afterFailing(new StorageFull("no room"));
  expect([dueInMs, doc?.strikes, doc?.owner]).toEqual([5_000, 0, null]);
  expect(told).toEqual(["no room for artifacts"]);
});

test("a lost lease leaves the document to whoever holds it", async () => {
  const { doc, told } = await afterFailing(new LeaseLost("sweep", ID));
  expect(doc).toMatchObject({ owner: "process-1", strikes: 1, leaseUntil: START + 3_000 });
  expect(told).toEqual(["lease lost"]);
});

test("a store that is away leaves the document until its lease has run out", async () => {
  const { doc, told } = await afterFailing(new StoreUnavailable("away"));
  expect(doc).toMatchObject({ owner: "process-1", strikes: 1, dueAt: START });
  expect(told).toEqual(["store away"]);
});

test("a step that was stopped gives the document back at once, for others to go on", async () => {
  const stop = AbortSignal.abort();
  const { doc, dueInMs, told } = await afterFailing(stop.reason, { stop });
  expect([dueInMs, doc?.owner, doc?.leaseUntil, doc?.strikes]).toEqual([0, null, 0, 0]);
  expect(told).toEqual([]);
});

test("a document that was woken meanwhile stays due, however its step ended", async () => {
  const rig = await openRig();
  const worker = sweeper(async () => {
    await rig.clock.move(500);
    await rig.store.signal("sweep", [ID], { type: "wake" });
    throw new Error("failed");
  });
  await runStep(rig, worker, await claimed(rig, worker), never);
  expect(await rig.store.load("sweep", ID)).toMatchObject({ dueAt: START + 500, owner: null });
});

test("a lease is renewed every third of it for as long as the step takes", async () => {
  const rig = await openRig();
  const { opened, open } = gate();
  const worker = sweeper(async (held, { signal }) => {
    await opened;
    signal.throwIfAborted();
    await rig.store.release("sweep", held, START + 60_000);
  });
  const running = runStep(rig, worker, await claimed(rig, worker), never);
  for (let third = 1; third <= 6; third += 1) {
    await rig.clock.move(1_000);
    expect(await rig.store.load("sweep", ID)).toMatchObject({ leaseUntil: START + third * 1_000 + 3_000 });
    expect(await claim({ ...rig, owner: "process-2" }, worker, 1)).toEqual([]);
  }
  open();
  await running;
  expect(rig.clock.sleepers()).toBe(0);
  expect(await rig.store.load("sweep", ID)).toMatchObject({ owner: null, strikes: 0 });
});

test("a lease that was lost aborts the step, which then writes nothing", async () => {
  const rig = await openRig();
  const reasons: unknown[] = [];
  const worker = sweeper(async (_held, { signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    reasons.push(signal.reason);
    signal.throwIfAborted();
  });
  const held = await claimed(rig, worker);
  const running = runStep(rig, worker, held, never);
  await settled();
  // Somebody took this process for dead.
  await rig.store.freeLeases({ except: "process-2" });
  const [other] = await claim({ ...rig, owner: "process-2" }, worker, 1);
  await rig.clock.move(1_000);
  await running;
  expect(reasons[0]).toBeInstanceOf(LeaseLost);
  expect(rig.told).toEqual(["lease lost"]);
  expect(await rig.store.load("sweep", ID)).toEqual(other);
});

test("a renewal that the store did not answer is tried again, and harms nothing", async () => {
  const rig = await openRig();
  const { opened, open } = gate();
  let asked = 0;
  const flaky = {
    ...rig.store,
    renew: async (...args: Parameters<Rig["store"]["renew"]>) => {
      asked += 1;
      if (asked === 1) throw new StoreUnavailable("away");
      return rig.store.renew(...args);
    },
  };
  const worker = sweeper(async (held, { signal }) => {
    await opened;
    signal.throwIfAborted();
    await rig.store.release("sweep", held, START + 60_000);
  });
  const running = runStep({ ...rig, store: flaky }, worker, await claimed(rig, worker), never);
  await rig.clock.move(1_000);
  await rig.clock.move(1_000);
  expect(await rig.store.load("sweep", ID)).toMatchObject({ leaseUntil: START + 5_000 });
  open();
  await running;
  expect([asked, rig.told]).toEqual([2, ["lease not renewed"]]);
});

test("where not even giving back works, the lease runs out by itself", async () => {
  const rig = await openRig();
  const worker = sweeper(async () => {
    throw new Error("failed");
  });
  const held = await claimed(rig, worker);
  const away = {
    ...rig.store,
    release: async () => {
      throw new StoreUnavailable("away");
    },
  };
  await runStep({ ...rig, store: away }, worker, held, never);
  expect(rig.told).toEqual(["step failed", "lease not given back"]);
  expect(await claim({ ...rig, owner: "process-2" }, worker, 1)).toEqual([]);
  await rig.clock.move(3_000);
  expect(await claim({ ...rig, owner: "process-2" }, worker, 1)).toHaveLength(1);
});
