import type { SweepDoc } from "@granary/domain";
import { LeaseLost } from "@granary/domain";
import { expect, test } from "vitest";
import { change } from "../src/index.ts";
import { aSweep, FACT, ID, openRig } from "./rig.ts";
import type { Rig } from "./rig.ts";

const FILTER = { duty: "monitor", owner: "process-1", leaseMs: 3_000, limit: 1 } as const;

async function claimed({ store }: Rig): Promise<SweepDoc> {
  await store.insertOnce("sweep", aSweep());
  const [held] = await store.claimDue("sweep", FILTER);
  if (!held) throw new Error("nothing to claim");
  return held;
}

const raised = (current: SweepDoc) => ({ next: { ...current, seq: current.seq + 1 }, facts: [FACT] });

test("a change is saved with its facts, numbered after those told before", async () => {
  const rig = await openRig();
  const held = await claimed(rig);
  const first = await change(rig.store, "sweep", held, raised, { at: 5_000 });
  expect(first).toMatchObject({ seq: 1, eventSeq: 1, version: held.version + 1, claim: held.claim });
  const second = await change(rig.store, "sweep", first!, raised, { at: 6_000, release: true, dueAt: 7 });
  expect(second).toMatchObject({ seq: 2, owner: null, leaseUntil: 0, strikes: 0, dueAt: 7 });
  const facts = (await rig.store.pendingFacts(10)).map(({ fact }) => `${fact.id} ${fact.time}`);
  expect(facts).toEqual([`sweep:${ID}:1 1970-01-01T00:00:05.000Z`, `sweep:${ID}:2 1970-01-01T00:00:06.000Z`]);
});

test("where a signal came between, it is decided again on what is there now", async () => {
  const rig = await openRig();
  const held = await claimed(rig);
  await rig.store.signal("sweep", [ID], { type: "wake" });
  const seen: number[] = [];
  const saved = await change(
    rig.store,
    "sweep",
    held,
    (current) => {
      seen.push(current.version);
      return { next: { ...current, seq: 9 } };
    },
    (next) => ({ at: 1, dueAt: next.seq }),
  );
  expect(seen).toEqual([held.version, held.version + 1]);
  expect(saved).toMatchObject({ version: held.version + 2, seq: 9, dueAt: 9 });
});

test("a decision that has become moot writes nothing, also after a conflict", async () => {
  const rig = await openRig();
  const held = await claimed(rig);
  expect(await change(rig.store, "sweep", held, () => null, { at: 1 })).toBeNull();
  await rig.store.signal("sweep", [ID], { type: "wake" });
  const decide = (current: SweepDoc) => (current.version === held.version ? raised(current) : null);
  expect(await change(rig.store, "sweep", held, decide, { at: 1 })).toBeNull();
  expect(await rig.store.load("sweep", ID)).toMatchObject({ seq: 0, version: held.version + 1 });
  expect(await rig.store.pendingFacts(10)).toEqual([]);
});

test("a claim that went to somebody else is a lost lease, and nothing is written", async () => {
  const rig = await openRig();
  const held = await claimed(rig);
  await rig.clock.move(3_001);
  expect(await rig.store.claimDue("sweep", { ...FILTER, owner: "process-2" })).toHaveLength(1);
  const writing = change(rig.store, "sweep", held, raised, { at: 1 });
  await expect(writing).rejects.toThrow(LeaseLost);
  await expect(writing).rejects.toThrow(`sweep ${ID} was claimed by another owner`);
  expect(await rig.store.load("sweep", ID)).toMatchObject({ seq: 0, owner: "process-2", eventSeq: 0 });
});

test("what needs no claim is written whoever holds it, and decided again as often as it takes", async () => {
  const rig = await openRig();
  const held = await claimed(rig);
  await rig.clock.move(3_001);
  await rig.store.claimDue("sweep", { ...FILTER, owner: "process-2" });
  await rig.store.signal("sweep", [ID], { type: "wake" });
  const saved = await change(rig.store, "sweep", held, raised, { at: 1, asOwner: false });
  expect(saved).toMatchObject({ seq: 1, owner: "process-2" });
});

test("a document that is not there any more is a lost lease, also for one who needs no claim", async () => {
  const rig = await openRig();
  const held = await claimed(rig);
  const gone = { ...held, id: "openai:gone" };
  await expect(change(rig.store, "sweep", gone, raised, { at: 1, asOwner: false })).rejects.toThrow(
    LeaseLost,
  );
});
