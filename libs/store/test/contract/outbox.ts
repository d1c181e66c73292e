import { describe, expect, it } from "vitest";
import type { TaskDoc } from "@granary/domain";
import type { Rig } from "../contract.ts";
import { aFact, aTask, idsOf, many } from "../documents.ts";

/** A task that has told one fact. */
async function insertTelling({ store }: Rig, id: string): Promise<TaskDoc> {
  await store.insertOnce("task", aTask({ id }), [aFact("task", aTask({ id }))]);
  const found = await store.load("task", id);
  if (!found) throw new Error(`task ${id} is not there`);
  return found;
}

export function describeOutbox(rig: () => Rig): void {
  describe("the outbox", () => {
    it("gives facts in the order they were written, until they are dropped", async () => {
      const { store } = rig();
      const facts = many(5, (at) => aFact("task", { id: `t${9 - at}`, eventSeq: 0 }));
      for (const fact of facts) await store.insertOnce("task", aTask({ id: fact.subject }), [fact]);
      const first = await store.pendingFacts(3);
      expect(first.map(({ fact }) => fact)).toEqual(facts.slice(0, 3));
      expect(first.every(({ at }) => at > 0)).toBe(true);
      await store.dropFacts([...idsOf(facts.slice(0, 3)), "none"]);
      await store.dropFacts(idsOf(facts.slice(0, 1)));
      expect((await store.pendingFacts(9)).map(({ fact }) => fact)).toEqual(facts.slice(3));
    });

    it("does not change a document by dropping its facts", async () => {
      const { store } = rig();
      const fact = aFact("task", aTask());
      await store.insertOnce("task", aTask(), [fact]);
      const before = await store.load("task", "grtest-1");
      await store.dropFacts([fact.id]);
      expect(await store.load("task", "grtest-1")).toEqual(before);
    });

    it("is not stopped by documents that have told all, and takes up one that tells more", async () => {
      const { store } = rig();
      const held = await insertTelling(rig(), "a");
      await insertTelling(rig(), "b");
      await store.dropFacts(["task:a:1"]);
      expect((await store.pendingFacts(1)).map(({ fact }) => fact.id)).toEqual(["task:b:1"]);
      await store.save("task", held, held, { facts: [aFact("task", held)] });
      expect((await store.pendingFacts(9)).map(({ fact }) => fact.id)).toEqual(["task:b:1", "task:a:2"]);
      expect((await store.gauges()).outbox.pending).toBe(2);
      await store.dropFacts(["task:b:1", "task:a:2"]);
      expect((await store.gauges()).outbox).toEqual({ pending: 0, oldestAt: null });
      expect(await store.pendingFacts(9)).toEqual([]);
    });

    it("keeps the facts of one document in the order they were told", async () => {
      const { store } = rig();
      await store.insertOnce("task", aTask());
      for (const eventSeq of many(4, (at) => at * 2)) {
        const held = await store.load("task", "grtest-1");
        if (!held) throw new Error("the task is gone");
        const facts = [aFact("task", held), aFact("task", { id: held.id, eventSeq: eventSeq + 1 })];
        await store.save("task", held, held, { facts });
      }
      const told = (await store.pendingFacts(100)).map(({ fact }) => fact.id);
      expect(told).toEqual(many(8, (at) => `task:grtest-1:${at + 1}`));
    });
  });
}
