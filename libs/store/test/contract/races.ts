import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Store, TaskDoc } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { aTask, turnOf } from "../documents.ts";
import { claimOf } from "./claims.ts";

const ID = "grtest-1";
/** Short, so that a rig that can only wait does not wait long. */
const LEASE_MS = 30;

/** What one actor does to the task, with what it read last (or something older). */
type Move =
  | { readonly type: "claim"; readonly actor: number }
  | { readonly type: "save"; readonly actor: number; readonly release: boolean }
  | { readonly type: "release"; readonly actor: number }
  | { readonly type: "job"; readonly actor: number }
  | { readonly type: "end"; readonly actor: number }
  | { readonly type: "expire" };

const actor = fc.nat({ max: 2 });
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("claim" as const), actor }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("save" as const), actor, release: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("release" as const), actor }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("job" as const), actor }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("end" as const), actor }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("expire" as const) }) },
);

/** What must have happened, kept beside the store. */
interface Told {
  readonly held: (TaskDoc | undefined)[];
  saves: number;
  signals: number;
  jobs: number;
  ends: number;
}

export function describeRaces(rig: () => Rig, open: () => Promise<Rig>): void {
  describe("any order of claims, saves and signals", () => {
    it("keeps the version rising by one a write, and loses no signal and no save", async () => {
      expect(rig().store).toBeDefined();
      await fc.assert(
        fc.asyncProperty(fc.array(move, { minLength: 5, maxLength: 40 }), async (moves) => {
          const own = await open();
          try {
            await play(own, moves);
          } finally {
            await own.close();
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}

async function play({ store, second, later }: Rig, moves: readonly Move[]): Promise<void> {
  await store.ensure();
  const stores = [store, await second(), store];
  await store.insertOnce("task", aTask({ state: "running" }));
  const told: Told = { held: [], saves: 0, signals: 0, jobs: 0, ends: 0 };
  let before = await store.load("task", ID);
  for (const each of moves) {
    if (each.type === "expire") await later(LEASE_MS + 1);
    else await act(turnOf(stores, each.actor), each, told);
    const after = await store.load("task", ID);
    if (!before || !after) throw new Error("the task is gone");
    expect(after.version).toBeGreaterThanOrEqual(before.version);
    expect(after.claim).toBeGreaterThanOrEqual(before.claim);
    expect(after.version).toBe(1 + told.saves + told.signals);
    before = after;
  }
  const end = await store.load("task", ID);
  expect(end?.priority).toBe(told.saves);
  expect(end?.jobs).toHaveLength(told.jobs);
  expect(end?.end?.at).toBe(told.ends > 0 ? 1 : undefined);
  if (told.held.every((held) => held === undefined)) return;
  expect(end?.claim).toBeGreaterThan(0);
}

async function act(store: Store, each: Exclude<Move, { type: "expire" }>, told: Told): Promise<void> {
  const held = told.held[each.actor];
  switch (each.type) {
    case "claim": {
      const [claimed] = await store.claimDue(
        "task",
        claimOf({ duty: "monitor", owner: `o${each.actor}`, leaseMs: LEASE_MS }),
      );
      if (claimed) told.held[each.actor] = claimed;
      return;
    }
    case "save": {
      if (!held) return;
      const now = await store.load("task", ID);
      const result = await store.save(
        "task",
        held,
        { ...held, priority: held.priority + 1 },
        { release: each.release },
      );
      // The two guards, and nothing else, decide.
      expect("saved" in result).toBe(now?.version === held.version && now.claim === held.claim);
      if ("saved" in result) told.saves += 1;
      told.held[each.actor] = "saved" in result ? result.saved : (result.found ?? held);
      return;
    }
    case "release":
      if (held) await store.release("task", held, 0);
      return;
    case "job":
      told.jobs += 1;
      told.signals += 1;
      await store.signal("task", [ID], { type: "job", jobId: `b${told.jobs}`, at: 1, how: "adopted" });
      return;
    case "end":
      told.ends += 1;
      told.signals += 1;
      await store.signal("task", [ID], { type: "end", at: told.ends, why: "cancelled" });
  }
}
